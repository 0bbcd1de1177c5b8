import { changedIn, digestRange } from './digest-range.ts'
import { answerCalls } from './worker-pool.ts'

const calls = { digestRange, changedIn }
export type DigestCalls = typeof calls

answerCalls(calls)
