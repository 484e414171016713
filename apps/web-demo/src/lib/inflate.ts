/** The address, good within this page, of a gzipped file's content. What a server has inflated on the way is taken as it is. */
export async function inflatedUrl(url: string, type: string, signal?: AbortSignal): Promise<string> {
  const response = await fetch(url, signal ? { signal } : {});
  if (!response.ok) throw new TypeError(`${url}: status ${response.status}`);
  const bytes = await response.blob();
  const head = new Uint8Array(await bytes.slice(0, 2).arrayBuffer());
  const gzipped = head[0] === 0x1f && head[1] === 0x8b;
  const content = gzipped
    ? await new Response(bytes.stream().pipeThrough(new DecompressionStream("gzip"))).blob()
    : bytes;
  return URL.createObjectURL(new Blob([content], { type }));
}
