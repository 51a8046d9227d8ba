/* What needs a file system. */

export {
  CheckpointManager,
  type CheckpointManagerOptions,
  type RestoredCheckpoint,
  replaceFile,
} from "@gradtape/checkpoint/node";
