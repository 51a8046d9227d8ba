export { CheckpointManager, type CheckpointManagerOptions, type RestoredCheckpoint } from "./manager.ts";
export { replaceFile } from "./replace-file.ts";
