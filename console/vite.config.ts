import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import preact from "@preact/preset-vite";
import { defineConfig, type Plugin } from "vite";

const output = join(import.meta.dirname, "..", "chalicelib", "console");

/** Writes each built file in two encodings as well, so that nothing is compressed when it is served. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    async closeBundle() {
      const folder = join(output, "assets");
      for (const name of await readdir(folder)) {
        const file = join(folder, name);
        const content = await readFile(file);
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
        await writeFile(`${file}.br`, brotliCompressSync(content, quality));
        await writeFile(`${file}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "./", // the server puts its own address in: on AWS it begins with the API's stage
  plugins: [preact({ devToolsEnabled: false, prefreshEnabled: false }), precompressed()],
  build: {
    outDir: output,
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox128", "safari17.5"], // the first with light-dark() and @property
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
