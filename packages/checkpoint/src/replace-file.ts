import { randomUUID } from "node:crypto";
import { access, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { either, instance, kind, Signature, string } from "@gradtape/tensor";

const signature = new Signature("replaceFile", {
  path: kind<string>("a path", (value) => string.holds(value) && value !== ""),
  bytes: either(string, instance("a Uint8Array", Uint8Array)),
});

/**
 * Writes a file so that a reader finds the old bytes or the new ones, never half of them: they are written aside, flushed to
 * the disk, and renamed. Of several writes at once the last rename wins. The old file stays as it was when anything fails;
 * the error is the system's.
 */
export async function replaceFile(path: string, bytes: Uint8Array | string): Promise<void> {
  signature.record([path, bytes]);
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}.${randomUUID()}.aside`);
  try {
    const file = await open(aside, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes a rename last. Not every system lets a folder be opened or flushed; there it lasts by itself. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => null);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/**
 * Makes a folder and those around it, where they are missing. (Node's recursive `mkdir` never returns from a file system that
 * refuses folders by ENOENT, such as /proc.)
 */
export async function makeFolder(path: string): Promise<void> {
  const error: NodeJS.ErrnoException | null = await mkdir(path).then(
    () => null,
    (error) => error,
  );
  if (error === null || error.code === "EEXIST") return;
  const parentExists = await access(dirname(path)).then(
    () => true,
    () => false,
  );
  if (error.code !== "ENOENT" || parentExists) throw error;
  await makeFolder(dirname(path));
  await makeFolder(path);
}

/** Removes the files that processes which have ended left aside in a folder. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, process] = /^\..*\.(\d+)\.[\da-f-]{36}\.aside$/.exec(name) ?? [];
    if (process !== undefined && !isAlive(Number(process))) await rm(join(folder, name), { force: true });
  }
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
