// Builds every surface into the web process's static folder; in development, passes /api on to it.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { mock } from "./dev/mock.ts";

const here = import.meta.dirname;
const surfaces = ["sign-in", "console", "floor", "clinician", "office", "admin", "demo", "passphrase"];

// A surface is built as soon as its folder has a page; one with a sw.ts also gets /<surface>/sw.js,
// whose address must not change, or an installed app would never find its next version.
const input: Record<string, string> = { index: resolve(here, "index.html") };
for (const one of surfaces) {
  if (existsSync(resolve(here, one, "index.html"))) input[one] = resolve(here, one, "index.html");
  if (existsSync(resolve(here, one, "sw.ts"))) input[`${one}/sw`] = resolve(here, one, "sw.ts");
}

const backend = process.env["NIGHTBELL_WEB"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  root: here,
  appType: "mpa",
  // The pretend server has no keys to open, so in front of it nothing is sealed either.
  resolve: {
    alias: process.env["MOCK"]
      ? [
          { find: /^.*\/shared\/session\/index\.ts$/, replacement: resolve(here, "dev/session.ts") },
          { find: /^.*\/shared\/sealing\/index\.ts$/, replacement: resolve(here, "dev/sealing.ts") },
        ]
      : [],
  },
  plugins: [svelte(), ...(process.env["MOCK"] ? [mock()] : [])],
  server: {
    proxy: process.env["MOCK"] ? {} : { "/api": backend, "/healthz": backend },
  },
  build: {
    outDir: resolve(here, "../nightbell/web/static"),
    emptyOutDir: true,
    target: "es2023",
    cssTarget: ["chrome123", "firefox128", "safari17.5"], // light-dark() as it is written
    assetsInlineLimit: 0, // the content policy allows fonts from this server and no data: fonts
    rolldownOptions: {
      input,
      output: {
        entryFileNames: (chunk) =>
          chunk.name.endsWith("/sw") ? "[name].js" : "assets/[name]-[hash].js",
      },
    },
  },
  worker: { format: "es" },
  test: {
    environment: "node",
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**"],
  },
});
