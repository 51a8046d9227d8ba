import { ValueError } from "@gradtape/tensor";
import type { Kernel } from "./fuse.ts";
import type { Node } from "./node.ts";
import type { Area } from "./plan.ts";
import type { Buffer, Value } from "./values.ts";

/** What is done one after the other: what it reads, makes and writes. */
interface Stage {
  readonly reads: readonly Value[];
  readonly makes: readonly Value[];
}

/**
 * What a legal order of work is, after every pass: each value is made before it is read, once, a variable is written
 * in the order of its versions, and read at the version that it has at that time. Throws a ValueError that names the pass.
 */
export function verifyOrder(pass: string, stages: readonly Stage[], fetched: readonly Value[]): void {
  const versions = new Map<Buffer, number>();
  const made = new Set<Buffer>();
  const fail = (what: string) => new ValueError(`compile: after ${pass}: ${what}`);
  const check = (value: Value, at: string) => {
    const { buffer, version, layout } = value;
    if (buffer.kind === "temporary" && !made.has(buffer)) throw fail(`${at} reads t${buffer.id} before it is made`);
    const present = versions.get(buffer) ?? 0;
    if (buffer.kind === "state" && version !== present) {
      throw fail(`${at} reads version ${version} of ${buffer.state?.opName}, which is at version ${present}`);
    }
    const last = layout.shape.reduce(
      (end, extent, axis) => end + Math.max(0, (extent - 1) * layout.strides[axis]!),
      layout.offset,
    );
    if (layout.shape.every((extent) => extent > 0) && last >= Math.max(1, buffer.size))
      throw fail(`${at} reads past the end of buffer ${buffer.id}`);
  };
  for (const [i, { reads, makes }] of stages.entries()) {
    for (const value of reads) check(value, `stage ${i}`);
    for (const { buffer, version } of makes) {
      if (buffer.kind === "temporary" && made.has(buffer)) throw fail(`stage ${i} makes t${buffer.id} a second time`);
      if (buffer.kind === "constant" || buffer.kind === "fed")
        throw fail(`stage ${i} writes the ${buffer.kind} ${buffer.id}`);
      made.add(buffer);
      if (buffer.kind !== "state") continue;
      // A stage may make several versions at once, of which it keeps the last.
      if (version <= (versions.get(buffer) ?? 0))
        throw fail(`stage ${i} writes version ${version} of ${buffer.state?.opName} too late`);
      versions.set(buffer, version);
    }
  }
  for (const value of fetched) check(value, "a result");
}

export function verifyNodes(pass: string, nodes: readonly Node[], fetched: readonly Value[]): void {
  const stages = nodes.map(({ inputs, outputs }) => ({ reads: inputs, makes: outputs }));
  verifyOrder(pass, stages, fetched);
}

/** Kernels may read and write one variable at the same place: its old value is gone only afterwards. */
export function verifyKernels(kernels: readonly Kernel[], fetched: readonly Value[]): void {
  verifyOrder("fusing", kernels, fetched);
}

/** No two things that live at the same time overlap. */
export function verifyPlan(all: readonly Area[]): void {
  const endings = [...all].sort((a, b) => a.last - b.last);
  // The living areas, ordered by place. It is enough that no two neighbours overlap.
  const present: Area[] = [];
  const placeOf = (at: number) => {
    let [low, high] = [0, present.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (present[middle]!.at > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  let ended = 0;
  for (const each of all.filter(({ bytes }) => bytes > 0).sort((a, b) => a.first - b.first)) {
    for (; endings[ended]!.last < each.first; ended++) {
      const place = present.indexOf(endings[ended]!, placeOf(endings[ended]!.at) - 1);
      if (place >= 0) present.splice(place, 1);
    }
    const place = placeOf(each.at);
    const before = present[place - 1];
    const behind = present[place];
    const clash = before !== undefined && before.at + before.bytes > each.at ? before : behind;
    if (clash !== undefined && clash.at < each.at + each.bytes && each.at < clash.at + clash.bytes)
      throw new ValueError(`compile: ${clash.what} and ${each.what} overlap while both are needed`);
    present.splice(place, 0, each);
  }
}
