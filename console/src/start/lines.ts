/** Where in a text JSON.parse gave up: browsers say it in words of their own. */

/** Returns the line and column (from 1) that a message of JSON.parse names; the end of the text if it names none. */
export function lineOf(message: string, text: string): { line: number; column: number } {
  const named = /line (\d+) column (\d+)/.exec(message);
  if (named) return { line: Number(named[1]), column: Number(named[2]) };
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
  const before = text.slice(0, position).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
