import { describe, expect, test } from "vitest";
import { readPoints } from "./csv.ts";
import { type Choice, guessColumns } from "./guess.ts";
import { packPoints, unpackPoints } from "./points.ts";
import { readTable } from "./table.ts";

/* Whole files in common forms, each with its expected reading. */

type Content = string | Uint8Array<ArrayBuffer>;

async function read(content: Content, chosen?: Choice) {
  const table = await readTable(new File([content], "a.csv"));
  if ("problem" in table) return table;
  const choice = chosen ?? guessColumns(table);
  if ("problem" in choice) return choice;
  const reading = readPoints(table, choice);
  if ("problem" in reading) return reading;
  const called = [choice.x, choice.y, choice.target].map((i) => table.columns[i]!.name);
  const { classes, points } = reading.set;
  /** The rows in the order of a coordinate. */
  const order = (axis: "x" | "y" | "target") =>
    points.map((_, i) => i).sort((a, b) => points[a]![axis] - points[b]![axis]);
  const notes = reading.notes.join("\n");
  return { called, classes, names: reading.names, points, order, notes, columns: table.columns };
}

type Read = Exclude<Awaited<ReturnType<typeof read>>, { problem: string }>;

async function good(content: Content, choice?: Choice): Promise<Read> {
  const got = await read(content, choice);
  if ("problem" in got) throw new Error(got.problem);
  return got;
}

async function problemOf(content: Content, choice?: Choice): Promise<string> {
  const got = await read(content, choice);
  return "problem" in got ? got.problem : `no problem: ${got.notes}`;
}

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");
const flower = (i: number) => `${(4 + (i % 3) + (i % 7) / 10).toFixed(1)},${(1 + (i % 5) / 10).toFixed(1)}`;
const species = ["setosa", "versicolor", "virginica"];

interface Case {
  readonly file: Content;
  /** Columns of the plane and the target. */
  readonly called: readonly string[];
  /** Names of the classes; none for a number. */
  readonly names: readonly string[];
  readonly count: number;
  readonly notes?: RegExp;
}

const utf16 = (text: string, little: boolean, mark: boolean) => {
  const units = [...(mark ? "\ufeff" : ""), ...text].map((letter) => letter.charCodeAt(0));
  return Uint8Array.from(units.flatMap((unit) => (little ? [unit & 255, unit >> 8] : [unit >> 8, unit & 255])));
};
const latin = (text: string) => Uint8Array.from(text, (letter) => (letter === "€" ? 0x80 : letter.charCodeAt(0)));
const german = `Größe;Gewicht;Klasse\n${lines(8, (i) => `1,${5 + (i % 4)};${60 + i},5;${i % 2 ? "größer" : "kleiner"}`)}\n`;

const files: Record<string, Case> = {
  "two columns of numbers and one of words": {
    file: "width,height,kind\n1,2,cat\n2,3,dog\n3,1,cat\n4,4,dog",
    called: ["width", "height", "kind"],
    names: ["cat", "dog"],
    count: 4,
    notes: /^a.csv: 4 rows; “width” and “height” span the plane, the classes of “kind” are 0 cat, 1 dog\.$/,
  },
  "no header, numbers as classes": {
    file: "1,2,0\n2,3,1\n3,1,0\n4,4,1",
    called: ["column 1", "column 2", "column 3"],
    names: ["0", "1"],
    count: 4,
  },
  "an employment table with thousands in quotes, the class first": {
    file: `"LAUS Code","County","Year","Labor Force","Unemployed","Rate","Size"\n${lines(12, (i) => `"CN${i}","County ${i}","2012","${i % 3 ? `${i},${100 + i}` : 900 + i}","${50 * i + 9}","${(5 + i / 10).toFixed(1)}","${i % 2 ? "small" : "large"}"`)}`,
    called: ["Labor Force", "Unemployed", "Size"],
    names: ["large", "small"],
    count: 12,
    notes: /“Labor Force”: “1,101” is read as 1101/,
  },
  "horse colic: blanks between, gaps as ?, no header, a gap in the first row": {
    file: `2 1 530101 38.50 66 ? 1\n${lines(30, (i) => `${1 + (i % 2)} ${i % 4 ? 1 : 9} 53${4000 + i * 7} ${i % 6 ? 37 + (i % 20) / 10 : "?"} ${60 + (i % 25)} ${i % 3 ? i % 4 : "?"} ${1 + (i % 2)}`)}`,
    called: ["column 3", "column 4", "column 7"],
    names: ["1", "2"],
    count: 26,
    notes: /columns stand apart by blanks/,
  },
  "Titanic: a number of the passenger, words in quotes with commas, ages missing": {
    file: `PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Fare,Embarked\n${lines(60, (i) => `${i + 1},${(i * 7) % 3 ? 0 : 1},${1 + (i % 3)},"Doe, Mr. ${i} ""Jack""",${i % 2 ? "male" : "female"},${i % 5 ? 20 + (i % 33) : ""},${i % 2},${7 + ((i * 13) % 40) / 4},${"SCQ"[i % 3]}`)}`,
    called: ["Age", "Fare", "Survived"],
    names: ["0", "1"],
    count: 48,
    notes: /12 of 60 rows have gaps[\s\S]*“PassengerId” only numbers or names the rows and is not used/,
  },
  "houses: Id, words, NA, a price to be learned": {
    file: `Id,Zone,LotFrontage,LotArea,Alley,SalePrice\n${lines(40, (i) => `${i + 1},${i % 2 ? "RL" : "RM"},${i % 8 ? 60 + (i % 17) : "NA"},${8000 + i * 31},NA,${150000 + i * 997}`)}`,
    called: ["LotFrontage", "LotArea", "SalePrice"],
    names: [],
    count: 35,
  },
  "air quality as R writes it: no name above the names of the rows, NA": {
    file: `"","Ozone","Solar.R","Wind","Temp","Month","Day"\n${lines(40, (i) => `"${i + 1}",${i % 5 ? 10 + i : "NA"},${i % 7 ? 100 + 3 * i : "NA"},${5 + (i % 9)}.${i % 4},${60 + (i % 23)},${5 + Math.floor(i / 31)},${1 + (i % 31)}`)}`,
    called: ["Ozone", "Solar.R", "Temp"],
    names: [],
    count: 28,
    notes: /“column 1” only numbers or names the rows/,
  },
  "R's write.table: a header that is one name short": {
    file: `"width" "height" "kind"\n${lines(6, (i) => `"${i + 1}" ${i * 1.5} ${i % 4} "${i % 2 ? "a b" : "c"}"`)}`,
    called: ["width", "height", "kind"],
    names: ["a b", "c"],
    count: 6,
  },
  "pandas: an unnamed index": {
    file: `,length,width,target\n${lines(12, (i) => `${i},${flower(i)},${i % 3}`)}`,
    called: ["length", "width", "target"],
    names: ["0", "1", "2"],
    count: 12,
    notes: /“column 1” only numbers or names the rows/,
  },
  "iris without a header, a last line of nothing": {
    file: `${lines(30, (i) => `${flower(i)},${flower(i + 1)},Iris-${species[i % 3]}`)}\n\n`,
    called: ["column 1", "column 2", "column 5"],
    names: species.map((each) => `Iris-${each}`),
    count: 30,
  },
  "wine of UCI: the class first, no header": {
    file: lines(
      30,
      (i) => `${1 + Math.floor(i / 10)},${12 + (i % 11) / 10},${1 + ((i * 7) % 13) / 10},${700 + 17 * i}`,
    ),
    called: ["column 2", "column 3", "column 1"],
    names: ["1", "2", "3"],
    count: 30,
  },
  "German Excel: semicolons, decimal commas, Windows-1252": {
    file: latin(german),
    called: ["Größe", "Gewicht", "Klasse"],
    names: ["größer", "kleiner"],
    count: 8,
    notes: /“Größe”: “1,5” is read as 1.5[\s\S]*Windows-1252[\s\S]*semicolons/,
  },
  "semicolons and decimal commas without a header": {
    file: "1,5;2,5;a\n2,5;3,5;b\n0,5;1,5;a\n4,5;0,5;b\n3,5;2,5;a\n",
    called: ["column 1", "column 2", "column 3"],
    names: ["a", "b"],
    count: 5,
  },
  "UTF-16 with a mark, and tabs": {
    file: utf16("x\ty\tclass\n1\t2\tä\n2\t3\tö\n3\t4\tä\n4\t5\tö\n", true, true),
    called: ["x", "y", "class"],
    names: ["ä", "ö"],
    count: 4,
  },
  "UTF-16 without a mark, the high byte first": {
    file: utf16("x,y,class\n1,2,a\n2,3,b\n3,4,a\n4,5,b\n", false, false),
    called: ["x", "y", "class"],
    names: ["a", "b"],
    count: 4,
  },
  "UTF-8 with a mark, sep=;, ends of lines as Windows has them": {
    file: "\ufeffsep=;\r\nx;y;class\r\n1;2;a\r\n2;3;b\r\n3;4;a\r\n4;5;b\r\n",
    called: ["x", "y", "class"],
    names: ["a", "b"],
    count: 4,
  },
  "comments, the last of them with the names": {
    file: "# made by hand\n# x y class\n1 2 0\n2 3 1\n3 4 0\n4 5 1\n",
    called: ["x", "y", "class"],
    names: ["0", "1"],
    count: 4,
  },
  "a column that is called #": {
    file: `#,Name,Attack,Defense,Type 1\n${lines(12, (i) => `${i + 1},Mon${i},${40 + i * 3},${80 - i * 2},${i % 2 ? "Fire" : "Grass"}`)}`,
    called: ["Attack", "Defense", "Type 1"],
    names: ["Fire", "Grass"],
    count: 12,
  },
  "a title above the table": {
    file: `Measured in May,,\nStation 7,,\n\nx,y,class\n${lines(6, (i) => `${i},${i * i},${i % 2 ? "a" : "b"}`)}`,
    called: ["x", "y", "class"],
    names: ["a", "b"],
    count: 6,
    notes: /2 rows above the table are passed over/,
  },
  "cells of two lines": {
    file: `x,y,note,class\n${lines(5, (i) => `${i},${i * i},"first,\nsecond ""line""",${i % 2 ? "a" : "b"}`)}`,
    called: ["x", "y", "class"],
    names: ["a", "b"],
    count: 5,
  },
  "gaps in the class": {
    file: "x,y,class\n1,2,a\n2,3,NA\n3,4,b\n4,5,a\n5,6,NaN\n6,7,b\n7,8,?\n1,1,a\n2,2,null\n3,3,-\n",
    called: ["x", "y", "class"],
    names: ["a", "b"],
    count: 5,
    notes: /5 of 10 rows have gaps \(row 3, “class”: “NA”; row 6/,
  },
  "x, y and a price": {
    file: "x,y,price\n1,2,10\n2,3,20\n3,4,15\n4,5,30\n5,6,12\n",
    called: ["x", "y", "price"],
    names: [],
    count: 5,
  },
  "x, y and a cluster": {
    file: "x,y,cluster\n1,2,0\n2,3,1\n3,4,2\n4,5,0\n",
    called: ["x", "y", "cluster"],
    names: ["0", "1", "2"],
    count: 4,
  },
  "the label first": {
    file: "label,x,y\n0,1,2\n1,2,3\n0,3,4\n1,4,5\n",
    called: ["x", "y", "label"],
    names: ["0", "1"],
    count: 4,
  },
  "y of two that are numbered": {
    file: `x1,x2,y\n${lines(20, (i) => `${i},${i * i},${i / 3}`)}`,
    called: ["x1", "x2", "y"],
    names: [],
    count: 20,
  },
  "truth as the class, capital letters": {
    file: "a,b,sunny\n1,2,TRUE\n2,3,FALSE\n3,4,TRUE\n4,5,FALSE\n",
    called: ["a", "b", "sunny"],
    names: ["FALSE", "TRUE"],
    count: 4,
  },
  "more classes than ten": {
    file: `x,y,letter\n${lines(260, (i) => `${i % 17},${i % 13},${String.fromCharCode(97 + (i < 220 ? i % 10 : i % 26))}`)}`,
    called: ["x", "y", "letter"],
    names: [..."abcdefghij"],
    count: 230,
    notes: /“letter” has 26 classes; the 10 most frequent are kept, 30 rows of the others are left out/,
  },
  "years as names of columns": {
    file: `country,1990,1991,1992,kind\n${lines(12, (i) => `C${i},${10 + i * 1.5},${20 - i},${i * 3},${i % 2 ? "a" : "b"}`)}`,
    called: ["1990", "1991", "kind"],
    names: ["a", "b"],
    count: 12,
  },
  "three hundred columns, the class the last": {
    file: `${lines(300, (i) => `f${i}`).replaceAll("\n", ",")},class\n${lines(12, (i) => `${lines(300, (j) => String((i * (j + 3)) % 17)).replaceAll("\n", ",")},${i % 2 ? "a" : "b"}`)}`,
    called: ["f0", "f1", "class"],
    names: ["a", "b"],
    count: 12,
  },
};

describe("files", () => {
  test.each(Object.entries(files))("%s", async (_, { file, called, names, count, notes }) => {
    const got = await good(file);
    expect(got.called).toEqual(called);
    expect(got.names).toEqual(names);
    expect(got.classes).toBe(names.length === 0 ? 0 : Math.max(2, names.length));
    expect(got.points).toHaveLength(count);
    if (notes !== undefined) expect(got.notes).toMatch(notes);
  });
});

/** Cells of one column, and the numbers that they are; `null` where a cell is left out. */
const numbers: Record<string, readonly [cells: readonly string[], values: readonly (number | null)[], note?: RegExp]> =
  {
    "thousands beside a plain number": [
      ['"1,234"', "950", '"12,345"', "870"],
      [1234, 950, 12345, 870],
      /“1,234” is read as 1234/,
    ],
    "decimal commas": [['"1,5"', '"1,234"', "2", '"0,25"'], [1.5, 1.234, 2, 0.25], /“1,5” is read as 1.5/],
    "both, the German way": [
      ['"1.234,50"', '"950,25"', '"12.345"', "1"],
      [1234.5, 950.25, 12345, 1],
    ],
    "both, the English way": [
      ['"1,234.50"', "950.25", '"12,345"', "1"],
      [1234.5, 950.25, 12345, 1],
    ],
    Indian: [
      ['"12,34,567"', '"1,23,456"', '"9,999"', "1"],
      [1234567, 123456, 9999, 1],
    ],
    Swiss: [
      ["1'234.5", "950", "12’345", "1"],
      [1234.5, 950, 12345, 1],
    ],
    French: [
      ["1\u202f234", "950", "12\u00a0345", "1 000"],
      [1234, 950, 12345, 1000],
    ],
    percent: [["50 %", "5%", "7.5 %", "12%"], [50, 5, 7.5, 12], /its numbers are in “%”/],
    "percent beside a plain number": [["50%", "5%", "7%", "0.5", "9%"], [50, 5, 7, null, 9], /1 of 5 rows have gaps/],
    money: [["$3", "-$4.50", '"$1,200"', "($7)"], [3, -4.5, 1200, -7], /its numbers are in “\$”/],
    "another currency": [
      ["$3", "€4", "$5", "$6", "$7"],
      [3, null, 5, 6, 7],
    ],
    "money, the German way": [
      ['"1.234,50 €"', '"950,00 €"', '"3 €"', '"2,75 €"'],
      [1234.5, 950, 3, 2.75],
    ],
    units: [["5 kg", "7.5 kg", "3kg", "4 kg"], [5, 7.5, 3, 4], /“kg”/],
    "powers of ten, signs": [
      ["1e3", "-2.5E-1", "+4", "−5"],
      [1000, -0.25, 4, -5],
    ],
    "no end to infinity": [
      ["1", "inf", "Infinity", "1e999", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"],
      [1, null, null, null, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    ],
  };

test.each(Object.entries(numbers))("numbers: %s", async (_, [cells, values, note]) => {
  // The wanted numbers as a second column: both must lie at the same places. Rows around them keep the range.
  const kept = values.filter((value) => value !== null);
  const rows = cells.map((cell, i) => `${cell},${values[i] ?? 1},${i % 2 ? "b" : "a"}`);
  const { points, notes } = await good(`n,m,class\n${rows.join("\n")}`);
  expect(points).toHaveLength(kept.length);
  for (const { x, y } of points) expect(x).toBeCloseTo(y, 9);
  if (note !== undefined) expect(notes).toMatch(note);
});

const wrong: Record<string, readonly [file: Content, problem: RegExp, choice?: Choice]> = {
  "one class only": ["x,y,label\n1,2,a\n2,2,a\n3,3,a\n4,4,a", /a.csv: All points are of one class/],
  "nothing to span a plane with": [
    "name,kind\nana,a\nbob,b",
    /two columns of numbers are needed.*of 2 columns none can be used/,
  ],
  "dates are no place": [
    `day,value,kind\n${lines(5, (i) => `2020-01-0${i + 1},${i},${i % 2 ? "a" : "b"}`)}`,
    /only “value” can be used\. Dates and times, as in “day”, are no numbers/,
  ],
  "dates that are chosen": [
    `day,v,w,kind\n${lines(5, (i) => `0${i + 1}.02.2020 10:30,${i},${i * i},${i % 2 ? "a" : "b"}`)}`,
    /“day” holds dates or times, as in “01.02.2020 10:30”; the plane needs numbers/,
    { x: 0, y: 1, target: 3 },
  ],
  "a word in each row": [
    `x,y,label\n${lines(30, (i) => `${i * i},${-i},name${i}`)}`,
    /“label” holds 30 different words, and at most 10 classes can be told apart/,
  ],
  "too few rows": ["x,y,class\n1,,a\n,3,b\nn/a,4,a\n4,5,b\n", /only 1 of 4 rows can be used, at least 4 are needed/],
  empty: ["", /a.csv is empty/],
  blank: ["\n\n  \n", /a.csv has no rows/],
  "a header alone": ["x,y,class\n", /two columns of numbers|no rows/],
  "one column": ["a\n1\n2\n3\n", /no separator that is known.*its first line is “a”/],
  "a quote that is not closed": ['x,y,class\n1,2,"a\n3,4,b\n5,6,a\n7,8,b\n', /is a quote not closed\?/],
  "a workbook": [Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0), /is an Excel workbook/],
  JSON: ['[{"x": 1}]', /is JSON/],
  HTML: ["<!DOCTYPE html><p>x</p>", /is a page of HTML/],
  "bytes that are no text": [Uint8Array.of(1, 0, 0, 0, 5, 0, 0, 0), /no text/],
};

test.each(Object.entries(wrong))("refused: %s", async (_, [file, problem, choice]) => {
  expect(await problemOf(file, choice)).toMatch(problem);
});

test("a row with a cell too many or too few is reported, not moved", async () => {
  const { points, notes } = await good("x,y,class\n1,2,a\n2,3,b\n3,x,4,a\n4,5\n4,5,b\n5,6,a\n");
  expect(points).toHaveLength(4);
  expect(notes).toContain("2 of 6 rows have gaps (row 4: 4 cells instead of 3; row 5: 2 cells instead of 3)");
});

test("the first row is data where it is like the others, though it has a gap", async () => {
  const { points, columns } = await good(
    `2,1,38.5,?\n${lines(20, (i) => `${1 + (i % 2)},${i % 5},${38 + i / 10},${i % 3 ? 2 : 1}`)}\n`,
  );
  expect(columns.map(({ name }) => name)).toEqual(["column 1", "column 2", "column 3", "column 4"]);
  expect(points).toHaveLength(20);
});

test("a letter across two pieces of a file stays one", async () => {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  for (const shift of [0, 1]) {
    let text = "x,y,note,class\n";
    let size = bytes(text);
    for (let i = 0; size < 1_060_000; i++) {
      const [front, back] = [`${i % 17},${i % 13},`, `,${i % 2 ? "größe" : "höhe"}\r\n`];
      const free = (1 << 20) - 1 + shift - size - front.length - bytes(back.slice(0, back.indexOf("ö")));
      const row = front + "n".repeat(free >= 0 && free < 1000 ? free : 900) + back;
      text += row;
      size += bytes(row);
    }
    expect((await good(text)).names).toEqual(["größe", "höhe"]);
  }
});

test("more points than an address carries are drawn evenly", async () => {
  const { points, notes } = await good(lines(10_000, (i) => `${i % 971},${-i},${i % 2}`));
  expect(points).toHaveLength(2000);
  expect(notes).toMatch(/2,000 of 10,000 rows, evenly drawn/);
});

test("a million rows are a fair sample", async () => {
  const { points, notes } = await good("1.5,2.5,a\n-3.25,1,b\n0.5,-2,a\n2,2.75,b\n".repeat(50_000));
  expect(notes).toMatch(/2,000 of 200,000 rows, evenly drawn/);
  expect(points.filter(({ target }) => target === 0).length).toBeGreaterThan(900);
  expect(points.filter(({ target }) => target === 1).length).toBeGreaterThan(900);
});

test("points survive the address", () => {
  const set = {
    classes: 3,
    points: [
      { x: 1.5, y: -2.25, target: 2 },
      { x: -4, y: 3.5, target: 0 },
    ],
  };
  expect(unpackPoints(packPoints(set))).toEqual(set);
  for (const broken of ["", "x:", "2:abc", "2:!!!!", "1:AAAA", packPoints(set).replace("3:", "2:")]) {
    expect(unpackPoints(broken)).toBeNull();
  }
});
