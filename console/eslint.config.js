import eslint from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig } from "eslint/config";
import typescript from "typescript-eslint";

export default defineConfig(
  { ignores: ["node_modules", "build", "src/api/schema.d.ts", "eslint.config.js"] },
  eslint.configs.recommended,
  typescript.configs.strict,
  {
    plugins: { "react-hooks": hooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      complexity: ["error", 15],
      "max-lines": ["error", 400],
    },
  },
);
