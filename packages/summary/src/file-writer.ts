import { RecordFile, type RecordFileOptions } from "./record-file.ts";
import { SummaryWriter, type SummaryWriterOptions } from "./summary-writer.ts";

export interface FileWriterOptions extends RecordFileOptions, SummaryWriterOptions {}

/**
 * Writes an event file. Some records wait in memory until there are more; a process that ends without `close` loses
 * those, and the file is whole up to there.
 */
export class FileWriter extends SummaryWriter {
  private readonly file: RecordFile;

  /** Makes the folder, if need be, and a new file in it. Errors of the file system are thrown as they come. */
  constructor(folder: string, options: FileWriterOptions = {}) {
    const file = new RecordFile(folder, options);
    super((record) => file.append(record), options);
    this.file = file;
    file.flush();
  }

  /** Where the file is. */
  get path(): string {
    return this.file.path;
  }

  /** Writes what waits. */
  flush(): void {
    this.file.flush();
  }

  /** Writes what waits and ends the file. */
  close(): void {
    this.file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A new event file in `folder`, the directory that `tensorboard --logdir` is given. */
export function createFileWriter(folder: string, options?: FileWriterOptions): FileWriter {
  return new FileWriter(folder, options);
}
