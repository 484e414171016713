import js from "@eslint/js";
import tseslint from "typescript-eslint";

const bareError = {
  selector: "NewExpression[callee.name='Error']",
  message: "Throw a class over SmolVLMError whose message says what to do.",
};
const runtimeImports = [
  {
    group: ["node:*", "sharp", "onnxruntime-node"],
    message: "Runtime-neutral code: Node parts belong under src/node/.",
  },
];

export default tseslint.config(
  {
    ignores: [
      "**/dist/",
      "**/etc/",
      "**/node_modules/",
      "fixtures/",
      "tooling/nano/",
      "tooling/reference/",
      "test-results/",
      "**/wasm/",
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    rules: {
      "no-restricted-syntax": ["error", bareError],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-invalid-void-type": "off",
      "max-lines": ["error", { max: 500, skipBlankLines: false }],
      eqeqeq: "error",
    },
  },
  {
    files: ["packages/*/src/**/*.ts"],
    ignores: ["**/node/**", "packages/backend-node/**", "packages/nano/**", "**/*.test.ts", "**/testing/**"],
    rules: { "no-restricted-imports": ["error", { patterns: runtimeImports }] },
  },
  { files: ["apps/web-examples/*/page.js"], languageOptions: { globals: { document: "readonly", fetch: "readonly" } } },
  {
    files: ["tooling/bench/web/page-*.mjs"],
    languageOptions: {
      globals: { fetch: "readonly", location: "readonly", performance: "readonly", Worker: "readonly" },
    },
  },
  {
    files: ["**/*.mjs", "**/*.js", "tooling/**/*.ts"],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
    rules: { "no-restricted-syntax": "off" },
  },
);
