/** A path as the file system takes it: the text, or its bytes where it is not UTF-8. */
export declare function fsPath(path: string): string | Buffer
/** The absolute path of one that may be relative, also where it or the working folder is not UTF-8. */
export declare function absolutePath(path: string): string
/** Removes a file; one that is not there is removed already. Throws what the file system throws. */
export declare function removeFile(path: string): void
