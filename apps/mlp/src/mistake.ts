/** A mistake of the person at the keyboard: shown as one line on stderr, never with a stack. */
export class Mistake extends Error {
  override name = "Mistake";

  /** The exit code of the program: 2 for usage, 1 for everything else. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const systemReasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EISDIR: "it is a folder",
  ENOENT: "no such file or folder",
  ENOSPC: "no space left on the device",
  ENOTDIR: "a part of the path is not a folder",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
};

/** What a failed system call means, in words; errors of other kinds are thrown on. */
export function systemReason(error: unknown): string {
  if (error instanceof Error && "code" in error && "syscall" in error) {
    const code = String(error.code);
    return systemReasons[code] ?? code;
  }
  throw error;
}
