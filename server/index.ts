/** The Fastify server over a ledger. */
export { maxTokenSeconds } from './access.ts'
export { createApp } from './app.ts'
export { type Problem, problemOf } from './problem.ts'
export { type RunningServer, serve, type ServeOptions } from './serve.ts'
export * from './settings.ts'
export { type RunningWitness, serveWitness, type ServeWitnessOptions } from './witness/serve.ts'
