import { formatBytes } from "../progress-bar.js";
import type { BenchReport, BenchResult } from "./bench-result.js";

/** A report for people: one column for each format. */
export function formatBench({ model, machine, limits, results }: BenchReport): string {
  const column = (pick: (result: BenchResult) => string): string[] => results.map(pick);
  const first = results[0] as BenchResult;
  const { times } = first;
  const rows: (readonly string[])[] = [
    ["", ...column(({ dtype }) => dtype)],
    ["load", ...column(({ load }) => seconds(load.ms + load.firstMs))],
    [
      "picture to pixels",
      ...column((result) => (result.times.decodeImage === undefined ? "–" : ms(result.times.decodeImage))),
    ],
    [`pixels to ${times.preprocess.frames} frames`, ...column((result) => ms(result.times.preprocess.ms))],
    ...times.vision.map(({ frames }, index) => [
      frames === 1 ? "vision, 1 frame" : `vision, ${frames} frames`,
      ...column((result) => ms(at(result.times.vision, index).ms)),
    ]),
    ["  of the peak", ...column(({ shares }) => share(shares.vision))],
    ...times.prefill.flatMap(({ tokens }, index) => [
      [`prompt of ${tokens} tokens`, ...column((result) => ms(at(result.times.prefill, index).ms))],
      ["  tokens a second", ...column((result) => rate(tokens, at(result.times.prefill, index).ms))],
      ["  of the peak", ...column(({ shares }) => share(shares.prefill[index]))],
    ]),
    ...times.decode.flatMap(({ context }, index) => [
      [`a token behind ${context}`, ...column((result) => ms(at(result.times.decode, index).ms))],
      ["  tokens a second", ...column((result) => rate(1, at(result.times.decode, index).ms))],
      ["  of the memory's bandwidth", ...column(({ shares }) => share(shares.decode[index]))],
    ]),
    ...times.batch.map(({ rows: count }, index) => [
      `tokens a second, ${count} ${count === 1 ? "row" : "rows"}`,
      ...column((result) => rate(count, at(result.times.batch, index).ms)),
    ]),
    ["peak memory", ...column(({ peak }) => formatBytes(peak))],
  ];
  const { processor, cores, threads, device } = machine;
  return [
    `model    ${model}`,
    `machine  ${processor}, ${cores} cores; ${threads} threads on ${device}`,
    `limits   ${(limits.bandwidth / 1e9).toFixed(1)} GB/s of memory, ${giga(limits.fp32)} GFLOP/s in fp32, ${giga(limits.int8)} GOP/s in int8`,
    "",
    ...aligned(rows),
    "",
  ].join("\n");
}

function at<T>(values: readonly T[], index: number): T {
  return values[index] as T;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(2 + (widths[column] as number)),
      )
      .join("")
      .trimEnd(),
  );
}

const ms = (value: number): string => (value >= 1000 ? seconds(value) : `${value.toFixed(value < 10 ? 2 : 1)} ms`);
const seconds = (value: number): string => `${(value / 1000).toFixed(2)} s`;
const rate = (count: number, value: number): string => ((1000 * count) / value).toFixed(1);
const share = (value: number | undefined): string => (value === undefined ? "–" : `${(100 * value).toFixed(0)} %`);
const giga = (value: number): string => (value / 1e9).toFixed(0);
