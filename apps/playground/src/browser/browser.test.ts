import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineAccess } from "./access.ts";
import { defineBadInput } from "./bad-input.ts";
import { defineEditor } from "./editor.ts";
import { defineInside } from "./inside.ts";
import { defineOwnPoints } from "./own-points.ts";
import { definePlaces } from "./places.ts";
import { defineRace } from "./race.ts";
import { browserPath, Site } from "./site.ts";
import { defineTakingHome } from "./taking-home.ts";
import { defineTraining } from "./training.ts";

if (browserPath === undefined) {
  console.error("apps/playground: NO BROWSER FOUND, its page was not tried. Install chromium, or set CHROMIUM.");
  // These tests may be skipped on a developer's machine, but not in CI.
  test.skipIf(process.env.CI === undefined)(
    "NO BROWSER FOUND: nothing was tried; install chromium, or set CHROMIUM",
    () => {
      expect(browserPath).toBeDefined();
    },
  );
} else {
  describe("in a browser", () => {
    let site: Site;
    beforeAll(async () => {
      site = await Site.open();
    }, 120_000);
    afterAll(() => site?.end());
    describe("training", () => defineTraining(() => site));
    describe("race", () => defineRace(() => site));
    describe("own points", () => defineOwnPoints(() => site));
    describe("taking home", () => defineTakingHome(() => site));
    describe("look inside", () => defineInside(() => site));
    describe("editor", () => defineEditor(() => site));
    describe("places", () => definePlaces(() => site));
    describe("bad input", () => defineBadInput(() => site));
    describe("access", () => defineAccess(() => site));
  });
}
