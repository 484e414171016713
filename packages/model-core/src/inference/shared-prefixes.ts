import type { FeatureRows } from "./language-runner.js";
import { isSamePosition, positionOf } from "./prompt-positions.js";
import type { PromptRow } from "./prompt-row.js";

/** Fewest positions in common that are worth a run of their own. */
const MIN_SHARED = 64;
/** A plan has to save a quarter of the work, since more runs are not free. */
const WORTHWHILE = 0.75;

/** Rows that agree so far, and the positions that are read once for all of them. */
export interface PrefixGroup {
  readonly members: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Groups whose positions are read together. The groups of the next level split these. */
export type PrefixLevel = readonly PrefixGroup[];

/**
 * In which order the rows of a batch are best read: what several rows have in common, such as a picture that many questions are about,
 * once for all of them. In the last level each row is a group of its own and reads the rest of its prompt, one position at least.
 *
 * @param least fewest positions in common that count; for tests.
 */
export function planSharedPrefixes(
  rows: readonly PromptRow[],
  features: FeatureRows,
  least: number = MIN_SHARED,
): readonly PrefixLevel[] {
  const whole = rows.map(({ ids }, row): PrefixGroup => ({ members: [row], from: 0, to: ids.length }));
  const levels = readingLevels(rows, features, least);
  const last = levels.at(-1) ?? [];
  const ends = whole.map((group, row) => ({
    ...group,
    from: last.find(({ members }) => members.includes(row))?.to ?? 0,
  }));
  const plan = [...levels, ends];
  return costOf(plan) < WORTHWHILE * costOf([whole]) ? plan : [whole];
}

/** The levels before the last that have something to read. */
function readingLevels(rows: readonly PromptRow[], features: FeatureRows, least: number): readonly PrefixLevel[] {
  const levels: PrefixLevel[] = [];
  let groups: PrefixLevel = [{ members: [...rows.keys()], from: 0, to: 0 }];
  while (groups.some(({ members }) => members.length > 1)) {
    const extended = groups.map(({ members, to }): PrefixGroup => {
      const common = commonLength(rows, features, members, to);
      return { members, from: to, to: members.length > 1 && common - to >= least ? common : to };
    });
    if (extended.some(({ from, to }) => to > from)) levels.push(extended);
    groups = extended.flatMap((group) => split(rows, features, group));
  }
  return levels;
}

/** How many positions all members have in common, without the last one of any. */
function commonLength(
  rows: readonly PromptRow[],
  features: FeatureRows,
  members: readonly number[],
  known: number,
): number {
  if (members.length === 1) return known;
  const [first, ...others] = members.map((member) => rows[member] as PromptRow) as [PromptRow, ...PromptRow[]];
  const most = Math.min(...members.map((member) => (rows[member] as PromptRow).ids.length - 1));
  let common = known;
  for (; common < most; common++) {
    const position = positionOf(first, common, features);
    if (!others.every((other) => isSamePosition(position, positionOf(other, common, features)))) break;
  }
  return common;
}

/** Members by what stands where they differ first; one that ends there is alone. */
function split(rows: readonly PromptRow[], features: FeatureRows, group: PrefixGroup): readonly PrefixGroup[] {
  const { members, to } = group;
  const at = commonLength(rows, features, members, to);
  const parts: number[][] = [];
  for (const member of members) {
    const row = rows[member] as PromptRow;
    const part =
      at < row.ids.length - 1
        ? parts.find(([first]) => {
            const other = rows[first as number] as PromptRow;
            const isLonger = at < other.ids.length - 1;
            return isLonger && isSamePosition(positionOf(row, at, features), positionOf(other, at, features));
          })
        : undefined;
    if (part) part.push(member);
    else parts.push([member]);
  }
  return parts.map((part) => ({ members: part, from: to, to }));
}

/** Positions that are computed; the rows of a run are as long as its longest. */
function costOf(levels: readonly PrefixLevel[]): number {
  return levels.reduce((sum, groups) => sum + groups.length * Math.max(...groups.map(({ from, to }) => to - from)), 0);
}
