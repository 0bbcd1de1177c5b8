// Loaded into a process that is measured (`node --import`): what it says of itself when it ends. The verifier's progress, where it has any, is heard as it
// happens (the channel `evidence.progress`, cli/commands/verify.ts); nothing is reckoned from outside.
import { subscribe } from 'node:diagnostics_channel'
import { writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** User and system time of all threads so far, in seconds. */
const cpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

if (isMainThread) {
  const points = []
  subscribe('evidence.progress', ({ done }) => points.push({ done, at: performance.now() / 1000, cpu: cpu() }))
  const report = process.env.EVIDENCE_BENCH_REPORT
  process.once('exit', () => {
    const { maxRSS } = process.resourceUsage()
    writeFileSync(report, JSON.stringify({ cpu: cpu(), peakMiB: maxRSS / 1024, points }))
  })
}
