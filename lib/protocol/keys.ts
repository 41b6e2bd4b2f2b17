// The key of a name: a secret that a member sends with each join, so that no other member can take its names. A client makes
// one from 32 random bytes; a person may choose one by hand.

/** 12 characters can be typed by hand, and few names are as long; 43 characters are 32 bytes in base64url. */
const keyShape = /^[\x21-\x7e]{12,128}$/;

/** Whether the text can be a key: 12 to 128 printable ASCII characters without a blank. */
export function isKey(text: string): boolean {
  return keyShape.test(text);
}
