export { Checkpoint, type CheckpointOptions, type RestoreOptions, type RestoreReport } from "./checkpoint.ts";
export type { Savable, Stateful } from "./savable.ts";
export { decodeRun, type SavedRun } from "./saved-run.ts";
