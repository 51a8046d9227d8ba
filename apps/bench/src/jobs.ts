import { fileURLToPath } from "node:url";
import { PEAK } from "./goals.ts";
import { elementwise, embeddings, perceptrons, products } from "./workloads.ts";

/** One process that measures one thing. */
export interface Job {
  readonly peer: string;
  readonly workload: string;
  readonly command: readonly string[];
  /** It uses several processors: it is not pinned to one. */
  readonly several?: boolean;
  /** Only its first step counts, from the start of the process. */
  readonly cold?: boolean;
  /** It takes minutes: it is done in the first round only. */
  readonly once?: boolean;
}

export interface JobOptions {
  /** Pythons with peers in them, and which each has. */
  readonly pythons: readonly { readonly path: string; readonly peers: readonly string[] }[];
  /** Whether the peers from npm are there. */
  readonly npm: boolean;
  /** The C program that knows the limits of the processor, where it could be compiled. */
  readonly reference?: string | undefined;
  /** Only what a continuous integration can afford. */
  readonly short: boolean;
}

const path = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const node = (file: string, ...rest: string[]) => [process.execPath, "--expose-gc", path(file), ...rest];

const pythonNames: Readonly<Record<string, string>> = {
  torch: "PyTorch",
  jax: "JAX",
  tf1: "TensorFlow 1",
  numpy: "NumPy",
};

/** Everything that is to be measured in a round. */
export function jobsFor({ pythons, npm, short, reference }: JobOptions): Job[] {
  const jobs: Job[] = [];
  const own = (workload: string, mode = "compiled", threads = 1) => {
    const peer = `gradtape${mode === "eager" ? " eager" : ""}${threads > 1 ? ` ${threads} threads` : ""}`;
    const command = node("dist/gradtape.js", workload, mode, String(threads));
    jobs.push({ peer, workload, command, ...(threads > 1 && { several: true }) });
  };
  const others = (workload: string, kind: "steps" | "product" | "loop", slow = false) => {
    if (npm) {
      jobs.push({ peer: "tfjs wasm", workload, command: node("peers/tfjs.mjs", workload, "wasm") });
      jobs.push({ peer: "jax-js", workload, command: node("peers/jaxjs.mjs", workload) });
      if (!slow && !short) jobs.push({ peer: "tfjs cpu", workload, command: node("peers/tfjs.mjs", workload, "cpu") });
    }
    if (!slow && !(workload in embeddings) && !workload.match(/1024/))
      jobs.push({ peer: "plain JavaScript", workload, command: node("peers/plain.mjs", workload) });
    for (const { path: python, peers } of pythons) {
      const wanted = peers.filter((name) =>
        kind === "steps" ? name !== "numpy" : kind === "product" && name === "numpy",
      );
      for (const name of wanted)
        jobs.push({ peer: pythonNames[name]!, workload, command: [python, path("python/peer.py"), name, workload] });
    }
  };
  for (const workload of Object.keys(perceptrons)) {
    if (short && workload !== "tiny" && workload !== "mnist") continue;
    own(workload);
    others(workload, "steps", workload.includes("wide"));
    if (!short) own(workload, "compiled", 2);
    if (workload === "mnist" || workload === "tiny") own(workload, "eager");
  }
  for (const workload of Object.keys(embeddings)) {
    if (short && workload === "embed-100k") continue;
    own(workload);
    // The npm peers update the whole table: minutes for a step on a large one.
    if (!short) others(workload, "steps", workload !== "embed-10k");
    // The one backend of TensorFlow.js that has the memory for it.
    if (npm && !short && workload === "embed-1M")
      jobs.push({ peer: "tfjs cpu", workload, command: node("peers/tfjs.mjs", workload, "cpu"), once: true });
  }
  for (const [workload, { m, n, k }] of Object.entries(products)) {
    if (short && workload !== "product-256") continue;
    own(workload);
    if (reference !== undefined)
      jobs.push({ peer: PEAK, workload, command: [reference, "peak", String(2 * m * n * k)] });
    others(workload, "product", workload === "product-2048");
    if (!short && /product-(256|512)$/.test(workload)) own(workload, "eager");
    if (!short && /product-(512|1024|2048)$/.test(workload)) own(workload, "compiled", 2);
  }
  for (const [workload, size] of Object.entries(elementwise)) {
    if (short && workload !== "loop-16k") continue;
    own(workload);
    const kind = workload.startsWith("chain") ? "chain" : "line";
    if (reference !== undefined) jobs.push({ peer: "C", workload, command: [reference, kind, String(size)] });
    others(workload, "loop");
  }
  const steps = jobs.filter(({ workload, several }) => workload === "mnist" && !several);
  for (const job of steps.filter(({ peer }) => !short || peer === "gradtape"))
    jobs.push({ ...job, workload: "cold mnist", cold: true });
  for (const workload of short ? ["garbage"] : ["epoch", "garbage"]) own(workload);
  return jobs;
}
