import { InvalidArgumentError } from "@smolvlm/contracts";

const ONES =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(
    " ",
  );
const TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/** More frames than anybody has; beyond it words for millions would be needed. */
const MAX_NUMBER = 999_999;

/**
 * An integer of 0 to 999,999 in English as the Python package `num2words` writes it: `twenty-one`, `one hundred and one`,
 * `one thousand, two hundred and thirty`, `one thousand and two`.
 *
 * @throws InvalidArgumentError for other numbers.
 */
export function numberWords(value: number): string {
  if (!Number.isInteger(value) || value < 0 || value > MAX_NUMBER) {
    throw new InvalidArgumentError({
      argument: "value",
      expected: `an integer from 0 to ${MAX_NUMBER}`,
      found: String(value),
    });
  }
  const thousands = Math.floor(value / 1000);
  const rest = value % 1000;
  if (thousands === 0) return belowThousand(rest);
  const words = `${belowThousand(thousands)} thousand`;
  if (rest === 0) return words;
  return `${words}${rest < 100 ? " and" : ","} ${belowThousand(rest)}`;
}

function belowThousand(value: number): string {
  if (value < 20) return ONES[value] ?? "";
  if (value < 100) {
    const tens = TENS[Math.floor(value / 10)] ?? "";
    return value % 10 === 0 ? tens : `${tens}-${belowThousand(value % 10)}`;
  }
  const hundreds = `${belowThousand(Math.floor(value / 100))} hundred`;
  return value % 100 === 0 ? hundreds : `${hundreds} and ${belowThousand(value % 100)}`;
}
