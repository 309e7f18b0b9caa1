// The page is built into dist/ui by scripts/build.mjs: no inline code or style, every asset with its hash, workers as module files.
import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const { version } = JSON.parse(readFileSync(`${import.meta.dirname}/../package.json`, "utf8")) as { readonly version: string };

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // A page of another version than the server is told to load again.
  define: { MILLRACE_VERSION: JSON.stringify(version) },
  build: {
    outDir: "../dist/ui",
    emptyOutDir: true,
    // Not "assets": that is the catalogue's address.
    assetsDir: "app",
    target: "es2023",
    assetsInlineLimit: 0,
    manifest: true,
    reportCompressedSize: false,
    license: true,
  },
  worker: { format: "es" },
  // `npx vite ui` beside a running `millrace serve`, while the page itself is worked on.
  server: { port: 4460, proxy: { "/api": process.env["MILLRACE_URL"] ?? "http://127.0.0.1:4400" } },
});
