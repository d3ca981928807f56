/** Returns the console's path, from the address of a built script; under Vite's own server from the page's address. */
export function baseOf(script: string, page: string): string {
  const built = /^(.*\/)assets\/[^/]+$/.exec(new URL(script).pathname);
  if (built?.[1]) return built[1];
  return page.startsWith("/console/") ? "/console/" : "/";
}
