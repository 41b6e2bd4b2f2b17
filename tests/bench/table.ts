// Numbers as people read them: ratios, megabytes, and columns that line up.

export type Row = { name: string; cells: string[] };

export function table(columns: string[], rows: Row[]): string[] {
  const lines = [{ name: "", cells: columns }, ...rows];
  const nameWidth = Math.max(...lines.map(({ name }) => name.length));
  const widths = columns.map((_, i) => Math.max(...lines.map(({ cells }) => cells[i]?.length ?? 0)));
  return lines.map(({ name, cells }) =>
    [name.padEnd(nameWidth), ...cells.map((cell, i) => cell.padStart(widths[i] ?? 0))].join("   "),
  );
}

export function ratio(value: number | undefined, one: number | undefined): string {
  return value === undefined || !one ? unknown : (value / one).toFixed(2);
}

export function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? unknown : `${Math.round(bytes / 2 ** 20)} MB`;
}

const unknown = "?";
