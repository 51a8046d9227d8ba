export { FileWriter, type FileWriterOptions } from "./file-writer.ts";
