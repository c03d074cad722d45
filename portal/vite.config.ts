import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `make up` serves the portal and /v1 at one address. `npm run dev` serves the sources with hot reload and
// forwards everything else there: PRECERT_PORTAL names the address if it is not the default.
const running = process.env.PRECERT_PORTAL ?? "http://localhost:4567";
const forwarded = ["/v1", "/config.json", "/payer"];

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // Assets are files of their own: the content security policy allows no data: scripts or fonts.
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(forwarded.map((path) => [path, running])),
  },
});
