import type { SingleBar } from 'cli-progress'
import { bytesText, count, type Output } from './output.ts'

export interface Progress {
  readonly update: (done: number) => void
  readonly stop: () => void
}

const silent: Progress = { update: () => {}, stop: () => {} }

/** A progress bar on a terminal; nothing in a pipe, with --json, or where there is little to do. */
export function progressBar(
  output: Output,
  label: string,
  total: number,
  unit: 'bytes' | 'entries' | 'files' | 'tiles',
): Progress {
  if (output.isJson || !process.stderr.isTTY || total === 0) return silent
  const show = unit === 'bytes' ? bytesText : count
  let bar: SingleBar | undefined
  let done = 0
  let isStopped = false
  const start = async (): Promise<void> => {
    // Loaded when it is shown: a short run in a pipe does without.
    const { default: cliProgress } = await import('cli-progress')
    if (isStopped) return
    bar = new cliProgress.SingleBar(
      {
        format: `${label} [{bar}] {percentage}% {shown} of ${show(total)}${unit === 'bytes' ? '' : ` ${unit}`}`,
        clearOnComplete: true,
        hideCursor: true,
        stream: process.stderr,
        fps: 8,
      },
      cliProgress.Presets.legacy,
    )
    bar.start(total, done, { shown: show(done) })
  }
  void start()
  return {
    update: (now) => {
      done = now
      bar?.update(now, { shown: show(now) })
    },
    stop: () => {
      isStopped = true
      bar?.stop()
    },
  }
}
