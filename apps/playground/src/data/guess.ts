import type { Column } from "./column.ts";
import { mostClasses } from "./points.ts";
import type { Problem, Table } from "./table.ts";

/* The columns of a table that are most likely meant, by their names, their kinds and their places. */

/** The columns that are used. */
export interface Choice {
  readonly x: number;
  readonly y: number;
  readonly target: number;
}

const classNames =
  "class classes classification label labels target species variety cluster category kind type survived outcome diagnosis result status group quality churn default response rating";
const numberNames = "price saleprice cost value amount medv income salary mpg score";
const listed = (names: string) => new Set(names.split(" "));
const [classes, quantities] = [listed(classNames), listed(numberNames)];
const calendar = /^(year|month|day|date|time|hour|minute|second|week|weekday|season)s?$/i;

/** The words of a name: `SalePrice`, `sale_price` and `sale price` have two. */
const wordsOf = (name: string) =>
  name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter(Boolean);

/** True when the name of a column says that it is a number to be learned. */
const isQuantity = ({ name }: Column) => quantities.has(wordsOf(name).at(-1) ?? "");

/** True when a column holds classes rather than a number to be learned. */
export function holdsClasses(column: Column, texts: readonly string[]): boolean {
  if (column.kind !== "number") return true;
  const distinct = new Set(texts);
  if (distinct.size > mostClasses || isQuantity(column)) return false;
  if (namesTarget(column, classes) > 0) return true;
  return texts.every((text) => /^[+-]?\d+(?:\.0*)?$/.test(text)) && distinct.size <= texts.length / 2;
}

/** 2 where the whole name is in the list, 1 where its last word is, else 0. */
function namesTarget({ name }: Column, names: ReadonlySet<string>): number {
  const words = wordsOf(name);
  return names.has(words.join("")) ? 2 : names.has(words.at(-1) ?? "") || names.has(words[0] ?? "") ? 1 : 0;
}

/** The columns that are most likely meant, or the reason for which there are none. */
export function guessColumns(table: Table): Choice | Problem {
  const { columns, file } = table;
  const target = guessTarget(table);
  const axes = columns
    .map((column, i) => ({ i, rank: axisRank(column, columns) }))
    .filter(({ i, rank }) => i !== target && rank < unfit)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, 2)
    .map(({ i }) => i)
    .sort((a, b) => a - b);
  const [x, y] = axes;
  if (target !== undefined && x !== undefined && y !== undefined) return { x, y, target };
  const usable = columns.filter((column) => axisRank(column, columns) < unfit).map(({ name }) => `“${name}”`);
  const found = usable.length === 0 ? "none" : `only ${usable.join(" and ")}`;
  const others = columns.filter(({ kind }) => kind === "date").map(({ name }) => `“${name}”`);
  const dates = others.length === 0 ? "" : ` Dates and times, as in ${others.slice(0, 3).join(", ")}, are no numbers.`;
  return {
    problem: `${file}: two columns of numbers are needed for the plane and one more for the class; of ${columns.length} columns ${found} can be used.${dates}`,
  };
}

const unfit = 9;

/** The distance of a column from a coordinate in the plane; `unfit` or more for a column that cannot be one. */
function axisRank(
  { kind, name, distinct, isWhole, isIndex, missing, looked }: Column,
  columns: readonly Column[],
): number {
  if (kind !== "number" && kind !== "flag") return unfit;
  if (/^(x|y|lon|lng|long|longitude|lat|latitude)$/i.test(name)) return -1;
  if (distinct < 2) return 6;
  if (isIndex) return 5;
  if (missing > looked / 2) return 4;
  if (kind === "flag") return 3;
  if (distinct === 2) return 2;
  const varied = columns.some((column) => column.kind === "number" && column.distinct > mostClasses && !column.isIndex);
  return varied && isWhole && distinct <= mostClasses ? 1 : 0;
}

function guessTarget({ columns, hasHeader }: Table): number | undefined {
  const all = [...columns.keys()];
  const usable = all.filter((i) => {
    const { kind, isIndex, missing, looked } = columns[i]!;
    return kind !== "nothing" && kind !== "date" && !isIndex && missing <= 0.9 * looked;
  });
  const at = (i: number) => columns[i]!;
  const called = (name: RegExp) => all.find((i) => name.test(at(i).name.trim()));
  const few = (i: number) => at(i).distinct <= mostClasses;
  const words = usable.filter((i) => at(i).kind === "words" || at(i).kind === "flag");
  const named = (i: number) => Math.max(namesTarget(at(i), classes), namesTarget(at(i), quantities));
  // The y beside an x is a place, the y of x1, x2 is what is learned.
  const pair = called(/^x$/i) !== undefined && called(/^y$/i) !== undefined;
  const lone = called(pair ? /^z$/i : /^y$/i);
  const free = usable.filter((i) => !(pair && /^[xy]$/i.test(at(i).name.trim())));
  // A file without names may begin with the class.
  const ends = [free.at(-1), hasHeader ? undefined : free[0]].filter((i) => i !== undefined);
  return (
    free.findLast((i) => i === lone || named(i) === 2) ??
    free.findLast((i) => named(i) === 1) ??
    words.findLast((i) => few(i) && at(i).distinct > 1) ??
    // The class stands last, or else first.
    ends.find((i) => few(i) && at(i).distinct > 1 && at(i).isWhole && at(i).distinct <= at(i).looked / 2) ??
    (free.filter((i) => at(i).kind === "number").length > 2 || words.length === 0
      ? free.findLast((i) => at(i).kind === "number" && !calendar.test(at(i).name) && axisRank(at(i), columns) >= 0)
      : words.toSorted((a, b) => at(a).distinct - at(b).distinct)[0]) ??
    free.at(-1)
  );
}
