/** The part of WebGPU that tells what an adapter can do. */
interface Gpu {
  requestAdapter(): Promise<{ readonly features: { has(name: string): boolean } } | null>;
}

/** Whether shaders of this browser's GPU can compute in float16. */
export async function hasFloat16(): Promise<boolean> {
  const { gpu } = navigator as { readonly gpu?: Gpu };
  // Asking may fail where the GPU's process has just gone; then loading says so.
  const adapter = await gpu?.requestAdapter().catch(() => null);
  return adapter?.features.has("shader-f16") ?? false;
}
