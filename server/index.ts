/** The HTTP server over a ledger, and the witness. */
export type { Problem } from '../src/api/answers.ts'
export { problemOf } from './problem.ts'
export { type RunningServer, serve, type ServeOptions } from './serve.ts'
export { serverSettings, type ServerSettings } from './settings.ts'
export { type RunningWitness, serveWitness, type ServeWitnessOptions } from './witness/serve.ts'
