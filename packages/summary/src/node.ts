export { createFileWriter, FileWriter, type FileWriterOptions } from "./file-writer.ts";
