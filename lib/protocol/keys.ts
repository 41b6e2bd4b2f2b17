// The key of a name: a secret that its member shows at each join, so that the name is kept for it. A client makes one of 32
// random bytes; a person may choose one by hand.

/** 12 characters are few enough to type, and too many for most names; 43 are 32 bytes in base64url. */
const keyShape = /^[\x21-\x7e]{12,128}$/;

/** Whether the text can be a key: 12 to 128 printable ASCII characters without a blank. */
export function isKey(text: string): boolean {
  return keyShape.test(text);
}
