import { expect, test } from "vitest";
import { guessColumns, makeTable, type Reading, readPoints } from "./csv.ts";
import { packPoints, unpackPoints } from "./points.ts";

function read(text: string): Reading {
  const rows = text
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  const table = makeTable(
    "a.csv",
    rows,
    rows.map((_, i) => i + 1),
    rows.length,
  );
  const choice = guessColumns(table);
  return "problem" in choice ? choice : readPoints(table, choice);
}

const problemOf = (text: string) => (read(text) as { problem: string }).problem;

test("two columns of numbers and one of words", () => {
  const reading = read("width,height,species\n1,2,cat\n2,3,dog\n3,1,cat\n4,4,dog");
  expect(reading).toMatchObject({
    set: { classes: 2, points: [{ target: 0 }, { target: 1 }, { target: 0 }, { target: 1 }] },
    notes: ["a.csv: 4 rows; “width” and “height” span the plane, the classes of “species” are 0 cat, 1 dog."],
  });
});

test("without a header, and with numbers as classes", () => {
  expect(read("1,2,0\n2,3,1\n3,1,0\n4,4,1")).toMatchObject({ set: { classes: 2 } });
});

test("a number to be learned", () => {
  const rows = Array.from({ length: 20 }, (_, i) => `${i},${i * i},${i / 3}`);
  expect(read(rows.join("\n"))).toMatchObject({ set: { classes: 0 } });
});

test("cells that are missing or no numbers are told, and their rows left out", () => {
  const reading = read("x,y,label\n1,2,a\n,3,b\n3,n/a,a\n4,4,b\n5,5,a\n6,6,b\n7,7,");
  expect(reading).toMatchObject({ set: { points: { length: 4 } } });
  expect((reading as { notes?: string[] }).notes![1]).toBe(
    "a.csv: 3 of 7 rows have gaps (row 3, “x”: empty; row 4, “y”: “n/a”; row 8, “label”: empty); they are left out.",
  );
});

test("one class only", () => {
  expect(problemOf("x,y,label\n1,2,a\n2,3,a\n3,3,a\n4,4,a")).toMatch(/a.csv: All points are of one class/);
});

test("nothing to span a plane with", () => {
  expect(problemOf("name,kind\nana,a\nbob,b")).toMatch(
    /two columns of numbers are needed.*of 2 columns none can be used/,
  );
});

test("too many classes", () => {
  const rows = Array.from({ length: 30 }, (_, i) => `${i},${-i},name${i}`);
  expect(problemOf(`x,y,label\n${rows.join("\n")}`)).toMatch(
    /“label” holds 30 different words, and at most 10 classes/,
  );
});

test("more points than an address carries are drawn evenly", () => {
  const rows = Array.from({ length: 10_000 }, (_, i) => `${i},${-i},${i % 2}`);
  const reading = read(rows.join("\n"));
  expect(reading).toMatchObject({ set: { points: { length: 2000 } } });
  expect((reading as { notes?: string[] }).notes![0]).toMatch(/2,000 of 10,000 rows, evenly drawn/);
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
