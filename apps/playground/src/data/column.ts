/* The kind of the cells of a column: decided by the column, not by the cell. */

/** The character before the decimals of a number. The other of point and comma may group thousands. */
export type Decimal = "." | ",";

/** The kind of value that most cells of a column hold. */
export type Kind = "number" | "flag" | "date" | "words" | "nothing";

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly kind: Kind;
  readonly decimal: Decimal;
  /** The unit beside the numbers: `%`, `$`, `kg`; empty for numbers without one. */
  readonly unit: string;
  /** True when it holds whole numbers only. */
  readonly isWhole: boolean;
  /** True when it numbers the rows or names them. */
  readonly isIndex: boolean;
  /** Different values among the cells that were looked at, and how many cells of those hold nothing. */
  readonly distinct: number;
  readonly missing: number;
  readonly looked: number;
}

// The words that pandas takes for a missing value, the marks of R, UCI, SAS and Stata, and the errors of Excel.
const gaps = new Set([
  ...["", "na", "n/a", "#na", "#n/a", "<na>", "nan", "-nan", "null", "none", "nil", "(null)"],
  ...["?", "-", "--", "–", "—", ".", "..", "*", "#value!", "#div/0!", "#ref!", "#num!", "#name?", "#null!"],
]);

/** A cell without blanks and quotes around it. */
export function clean(cell: string | undefined): string {
  const text = (cell ?? "").trim();
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).trim() : text;
}

/** True when a cell says that there is no value. */
export const isGap = (cell: string | undefined) => gaps.has(clean(cell).toLowerCase());

const flags: Readonly<Record<string, number>> = { true: 1, yes: 1, false: 0, no: 0 };

const currency = "[$€£¥₹₽₩₺₫]|(?:US|CA|AU|NZ|HK|[CAR])\\$|EUR|USD|GBP|CHF|JPY|INR|Rs\\.?|kr";
const suffix = `${currency}|[%‰°]|[\\p{L}µ°][\\p{L}°²³/]{0,6}`;
const written = new RegExp(
  `^(\\()?([+\\-−])?\\s*(${currency})?\\s*([+\\-−])?(\\.?,?\\d[\\d.,'’\\u00a0\\u202f ]*?(?:e[+-]?\\d+)?)\\s*(${suffix})?(\\))?$`,
  "iu",
);
const grouped = (group: string) =>
  `(?:\\d+|[1-9]\\d{0,2}(?:${group}\\d{3})+|[1-9]\\d{0,2}(?:['’]\\d{3})+|[1-9]\\d{0,2}(?:[\\u00a0\\u202f ]\\d{3})+)`;
const bodies: Readonly<Record<Decimal, RegExp>> = {
  // Indian numbers are grouped by two: 12,34,567.
  ".": new RegExp(`^(?:(?:${grouped(",")}|[1-9]\\d?(?:,\\d{2})+,\\d{3})(?:\\.\\d*)?|\\.\\d+)(?:e[+-]?\\d+)?$`, "i"),
  ",": new RegExp(`^(?:${grouped("\\.")}(?:,\\d*)?|,\\d+)(?:e[+-]?\\d+)?$`, "i"),
};
const simple = /^-?\d+(?:\.\d+)?$/;
/** Letters of a number with its unit, at most. */
const longest = 40;

interface Amount {
  readonly value: number;
  readonly unit: string;
}

/** The number in a text with what stands beside it, or `null`. */
function amountIn(text: string, decimal: Decimal): Amount | null {
  if (decimal === "." && simple.test(text)) return finite(Number(text), "");
  if (text.length > longest) return null;
  const [, open, sign, before, sign2, body, after, close] = written.exec(text) ?? [];
  if (body === undefined || !bodies[decimal].test(body) || (open === undefined) !== (close === undefined)) return null;
  if ((sign !== undefined && sign2 !== undefined) || (before !== undefined && after !== undefined)) return null;
  const grouping = decimal === "." ? /[,'’\u00a0\u202f ]/g : /[.'’\u00a0\u202f ]/g;
  const size = Number(body.replace(grouping, "").replace(",", "."));
  const negative = open !== undefined || /[-−]/.test(sign ?? sign2 ?? "");
  return finite(negative ? -size : size, before ?? after ?? "");
}

const finite = (value: number, unit: string): Amount | null => (Number.isFinite(value) ? { value, unit } : null);

/** The number in a cell of a column; NaN where there is none, or where it has another unit than the column. */
export function numberIn(
  cell: string | undefined,
  { decimal, unit, kind }: Pick<Column, "decimal" | "unit" | "kind">,
): number {
  const text = clean(cell);
  if (kind === "flag") return flags[text.toLowerCase()] ?? Number.NaN;
  const amount = amountIn(text, decimal);
  if (amount === null) return Number.NaN;
  // A sum of money may stand without its sign; percent beside plain numbers are another scale.
  const bare = amount.unit === "" && unit !== "%" && unit !== "‰";
  return amount.unit === unit || bare ? amount.value : Number.NaN;
}

/** True when a text is a number by either decimal. */
export const isNumber = (cell: string) => amountIn(clean(cell), ".") !== null || amountIn(clean(cell), ",") !== null;

const dates = [
  /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{1,2}:\d{2}.*)?$/,
  /^\d{1,2}[-/.]\d{1,2}[-/.](?:\d{2}|\d{4})(?:,? \d{1,2}:\d{2}.*)?$/,
  /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?$/i,
  /^(?:\d{1,2}[-. ])?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-. ,]+\d{2,4}(?:,? \d{4})?$/i,
];

const isDate = (text: string) => dates.some((pattern) => pattern.test(text));

/** The least share of cells that makes a column one of a kind; the other cells are left out and reported. */
const enough = 0.8;

/** Cells of a column, each with the number of its row, counted from 0. */
export type Cells = readonly (readonly [cell: string, row: number])[];

/** The decimal that the cells of a column show: `,` or `.`, or `null` when both readings are possible. */
export function decimalOf(texts: readonly string[]): Decimal | null {
  let [point, comma] = [0, 0];
  for (const text of texts) {
    if (simple.test(text) && !text.includes(".")) continue;
    const [byPoint, byComma] = [amountIn(text, ".") !== null, amountIn(text, ",") !== null];
    if (byPoint && !byComma) point++;
    if (byComma && !byPoint) comma++;
  }
  return point === comma ? null : point > comma ? "." : ",";
}

/** Reads a column as a whole. `usual` is the decimal of the other columns, for cells that could be read either way. */
export function readColumn(name: string, cells: Cells, usual: Decimal, width: number): Column {
  const texts = cells.map(([cell]) => clean(cell)).filter((text) => !isGap(text));
  const decimal = decimalOf(texts) ?? usual;
  const amounts = texts.map((text) => amountIn(text, decimal));
  const units = new Map<string, number>();
  for (const amount of amounts) if (amount) units.set(amount.unit, (units.get(amount.unit) ?? 0) + 1);
  const unit = [...units].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
  const share = (test: (text: string, i: number) => boolean) => texts.filter(test).length >= enough * texts.length;
  const kindOf = (): Kind => {
    if (texts.length === 0) return "nothing";
    if (share((text) => !Number.isNaN(numberIn(text, { decimal, unit, kind: "number" })))) return "number";
    if (share((text) => text.toLowerCase() in flags)) return "flag";
    return share(isDate) ? "date" : "words";
  };
  const kind = kindOf();
  const distinct = new Set(texts).size;
  const isWhole = kind === "number" && texts.every((text) => /^[+-]?\d+(?:\.0*)?$/.test(text));
  return {
    ...{ name, kind, isWhole, decimal, unit, distinct, looked: cells.length, missing: cells.length - texts.length },
    isIndex: kind === "number" && distinct === texts.length && isIndex(name, cells, width),
  };
}

const indexName =
  /^(id|ids|idx|index|no|nr|num|number|row|rows|row[._ ]?names?|row[._ ]?(id|no|number)|rank|#|zip|zip[._ ]?code|postcode|fips|unnamed: ?\d+|)$/i;
const indexEnd = /(?:^|[a-z])(?:Id|ID)$|[_\s.-](?:id|no|nr|idx|index)\.?$|^(?:id|index)[_\s.-]/i;

/** True when different whole numbers count the rows from 0 or 1 on, or have the name of a key. */
function isIndex(name: string, cells: Cells, width: number): boolean {
  if (cells.length < 4 || !cells.every(([cell]) => /^\d+$/.test(clean(cell)))) return false;
  if (indexName.test(name.trim()) || indexEnd.test(name.trim())) return true;
  const [first = 0] = offsets(cells);
  // An x, and the first of three columns, may well be a place that goes up by one.
  return width > 3 && !/^[xy]$/i.test(name.trim()) && first <= 1 && offsets(cells).every((offset) => offset === first);
}

const offsets = (cells: Cells) => cells.map(([cell, row]) => Number(clean(cell)) - row);
