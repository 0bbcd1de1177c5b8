/** What core needs of Node: native primitives, key files, digests of files. */
export * from './file-digest.ts'
export * from './key-file.ts'
export * from './native.ts'
export * from './pkcs11/hardware-key.ts'
export * from './pkcs11/uri.ts'
export * from './signature-gate.ts'
export * from './signature-jobs.ts'
export * from './signature-pool.ts'
