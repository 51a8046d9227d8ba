import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Variable } from "@gradtape/graph";
import { InvalidArgumentError, RuntimeError, ValueError } from "@gradtape/tensor";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Checkpoint } from "./checkpoint.ts";
import { CheckpointManager } from "./manager.ts";

/** While the disk is full, every write aside fails as on a disk without space. */
const disk = vi.hoisted(() => ({ full: false }));
vi.mock("node:fs/promises", async (original) => {
  const files = await original<typeof import("node:fs/promises")>();
  const open: typeof files.open = (path, flags, mode) =>
    disk.full && String(path).endsWith(".aside") ? files.open("/dev/full", "w") : files.open(path, flags, mode);
  return { ...files, open };
});

let root: string;
let folder: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "checkpoints-"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(() => {
  folder = join(root, String(count++), "run");
});

/** A variable with the manager of its checkpoints. */
function run(maxToKeep?: number) {
  const w = new Variable([0, 0]);
  return { w, manager: new CheckpointManager(new Checkpoint({ w }), folder, { maxToKeep }) };
}

async function saved(...steps: number[]) {
  const { w, manager } = run();
  for (const step of steps) {
    w.assign([step, -step]);
    await manager.save(step);
  }
  return { w, manager };
}

const file = (step: number) => join(folder, `checkpoint-${step}.safetensors`);

async function damage(step: number) {
  const bytes = await readFile(file(step));
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(file(step), bytes);
}

describe("a folder of checkpoints", () => {
  test("keeps the last ones and gives back the newest", async () => {
    const { manager } = run(2);
    for (const step of [0, 9, 10, 100]) expect(await manager.save(step)).toBe(file(step));
    expect(await manager.checkpoints()).toEqual([file(10), file(100)]);
    const { w, manager: later } = run();
    await saved(101);
    expect(await later.restoreLatest()).toMatchObject({ path: file(101), step: 101, restored: ["w"], damaged: [] });
    expect(w.array()).toEqual([101, -101]);
  });

  test("that is not there has none", async () => {
    const { manager } = run();
    expect([await manager.checkpoints(), await manager.restoreLatest()]).toEqual([[], null]);
  });

  test("passes over damaged ones, and says which", async () => {
    await saved(1, 2, 3);
    await damage(3);
    await writeFile(file(2), "");
    const { w, manager } = run();
    const restored = await manager.restoreLatest();
    expect(w.array()).toEqual([1, -1]);
    expect(restored).toMatchObject({
      step: 1,
      damaged: [
        { path: file(3), reason: expect.stringContaining('tensor "w" (float32 [2]) does not have the checksum') },
        { path: file(2), reason: expect.stringContaining("the file has 0 bytes") },
      ],
    });
    // Those that come after the step are nobody's business: they may be another run's.
    await manager.save(2);
    expect(await manager.checkpoints()).toEqual([file(1), file(2), file(3)]);
  });

  test("with nothing but damaged ones is refused", async () => {
    await saved(1);
    await damage(1);
    const { manager } = run();
    await expect(manager.restoreLatest()).rejects.toThrow(InvalidArgumentError);
    await expect(manager.restoreLatest()).rejects.toThrow(`no checkpoint of ${folder} is whole: ${file(1)}: restore:`);
  });

  test("whole ones that do not fit are not passed over", async () => {
    await saved(1);
    const manager = new CheckpointManager(new Checkpoint({ b: new Variable(1) }), folder);
    await expect(manager.restoreLatest()).rejects.toThrow("does not fit the run: missing from it: b; only in it: w");
    expect(await manager.restoreLatest({ partial: true })).toMatchObject({ missing: ["b"], unexpected: ["w"] });
  });

  test("a checkpoint is of the moment when it was asked for, and each waits for the one before", async () => {
    const { w, manager } = run();
    const all = [1, 2, 3].map((step) => {
      w.assign([step, step]);
      return manager.save(step);
    });
    w.assign([9, 9]);
    await Promise.all(all);
    expect(await readdir(folder)).toHaveLength(3);
    await manager.restoreLatest();
    expect(w.array()).toEqual([3, 3]);
  });

  test("other files stay, and what a dead process left aside goes", async () => {
    await mkdir(folder, { recursive: true });
    const aside = (step: number, process: number) => `.checkpoint-${step}.safetensors.${process}.${randomUUID()}.aside`;
    const alive = aside(8, 1);
    for (const name of ["notes.txt", aside(7, 4194999), alive]) await writeFile(join(folder, name), "");
    await saved(1);
    expect((await readdir(folder)).sort()).toEqual([alive, "checkpoint-1.safetensors", "notes.txt"]);
  });
});

describe("what cannot be written", () => {
  test("a full disk: the error says so, and the checkpoint before is intact", async () => {
    const { w, manager } = await saved(1);
    disk.full = true;
    const before = await readFile(file(1));
    w.assign([5, 5]);
    await expect(manager.save(2)).rejects.toThrow(RuntimeError);
    await expect(manager.save(2)).rejects.toThrow(
      `save: ${file(2)} cannot be written: ENOSPC: no space left on device, write; ${file(1)} is as it was`,
    );
    expect(await readFile(file(1))).toEqual(before);
    expect(await readdir(folder)).toEqual(["checkpoint-1.safetensors"]);
    disk.full = false;
    expect(await manager.save(3)).toBe(file(3));
  });

  test("a folder that is a file, and one below a file", async () => {
    await mkdir(join(folder, ".."), { recursive: true });
    await writeFile(folder, "");
    const { manager } = run();
    await expect(manager.save(1)).rejects.toThrow(
      /save: .* cannot be written: ENOTDIR: .*; there is no checkpoint before it/,
    );
    await expect(manager.checkpoints()).rejects.toThrow(`CheckpointManager: ${folder} cannot be read: ENOTDIR`);
    folder = join(folder, "below");
    await expect(run().manager.save(1)).rejects.toThrow(/cannot be written: ENOTDIR/);
    folder = "/proc/none/run";
    await expect(run().manager.save(1)).rejects.toThrow(/cannot be written: ENOENT/);
  });

  test("a checkpoint that is a folder cannot be read", async () => {
    await mkdir(file(4), { recursive: true });
    await expect(run().manager.restoreLatest()).rejects.toThrow(`restoreLatest: ${file(4)} cannot be read: EISDIR`);
  });
});

test("mistakes", async () => {
  expect(() => run(0)).toThrow(ValueError);
  expect(() => run(1.5)).toThrow("CheckpointManager: maxToKeep must be a whole number above 0, got 1.5");
  await expect(run().manager.save(-1)).rejects.toThrow("save: step must be a whole number from 0 on, got -1");
  await expect(run().manager.save("3" as never)).rejects.toThrow(ValueError);
});
