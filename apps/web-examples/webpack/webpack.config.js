// Nothing here is for SmolVLM.
export default { mode: "production", entry: "./page.js" };
