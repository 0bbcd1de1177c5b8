import cliProgress from 'cli-progress'
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
  const bar = new cliProgress.SingleBar(
    {
      format: `${label} [{bar}] {percentage}% {shown} of ${show(total)}${unit === 'bytes' ? '' : ` ${unit}`}`,
      clearOnComplete: true,
      hideCursor: true,
      stream: process.stderr,
      fps: 8,
    },
    cliProgress.Presets.legacy,
  )
  bar.start(total, 0, { shown: show(0) })
  return { update: (done) => bar.update(done, { shown: show(done) }), stop: () => bar.stop() }
}
