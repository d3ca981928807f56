/** Where the cells of a loop's overview are: one for each iteration, or for several where there are too many. */

export interface Layout {
  /** Width and height of a cell in pixels, with its gap. */
  size: number;
  columns: number;
  rows: number;
  /** How many iterations a cell stands for. */
  per: number;
}

const SIZES = [16, 14, 12, 10, 8, 7, 6, 5, 4];

/** Returns the largest cells that fit. */
export function layOut(count: number, width: number, height: number): Layout {
  for (const size of SIZES) {
    const columns = Math.max(1, Math.floor(width / size));
    const rows = Math.ceil(count / columns);
    if (rows * size <= height) return { size, columns, rows, per: 1 };
  }
  const size = SIZES.at(-1) ?? 4;
  const columns = Math.max(1, Math.floor(width / size));
  const rows = Math.max(1, Math.floor(height / size));
  return { size, columns, rows, per: Math.ceil(count / (columns * rows)) };
}

/** Returns the first iteration of the cell at a point, or undefined beside the cells. */
export function iterationAt(layout: Layout, count: number, x: number, y: number): number | undefined {
  const column = Math.floor(x / layout.size);
  if (column < 0 || column >= layout.columns || y < 0) return undefined;
  const index = (Math.floor(y / layout.size) * layout.columns + column) * layout.per;
  return index < count ? index : undefined;
}
