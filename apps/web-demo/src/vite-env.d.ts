/** See build/gzipped-asset.ts. */
declare module "*?gzipped" {
  const url: string;
  export default url;
}
