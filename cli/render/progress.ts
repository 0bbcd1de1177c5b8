import type { SingleBar } from 'cli-progress'
import { bytesText, type Output } from './output.ts'
import { count } from '../../src/core/text.ts'

export interface Progress {
  readonly update: (done: number) => void
  /** Counts on by what was done now. */
  readonly add: (more: number) => void
  readonly stop: () => void
}

const silent: Progress = { update: () => {}, add: () => {}, stop: () => {} }

/** A terminal that can move its cursor; CI machines and editors' consoles have some that cannot. */
function isAble(): boolean {
  const { TERM, CI } = process.env
  return process.stderr.isTTY && TERM !== 'dumb' && TERM !== '' && CI === undefined
}

/** Signals that end a program from outside, and what a shell makes of each: 128 and its number. */
const ending = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
const signals = Object.keys(ending) as (keyof typeof ending)[]

/** A progress bar on a terminal that can show one; nothing in a pipe, with --json, or where there is little to do. */
export function progressBar(
  output: Output,
  label: string,
  total: number,
  unit: 'bytes' | 'entries' | 'files' | 'tiles',
): Progress {
  if (output.isJson || !isAble() || total === 0) return silent
  const show = unit === 'bytes' ? bytesText : count
  const begun = performance.now()
  /** What has been done a second since it began, and how long the rest takes at that rate. */
  const pace = (): string => {
    const seconds = (performance.now() - begun) / 1000
    if (done === 0 || seconds < 1) return ''
    const rate = done / seconds
    return `, ${show(Math.round(rate))}/s, ${durationText((total - done) / rate)} left`
  }
  let bar: SingleBar | undefined
  let done = 0
  let isStopped = false
  // The bar hides the cursor: it is shown again where a signal ends the program.
  const leave = (signal: keyof typeof ending): void => {
    stop()
    process.exit(ending[signal])
  }
  const stop = (): void => {
    isStopped = true
    bar?.stop()
    for (const signal of signals) process.off(signal, leave)
  }
  const start = async (): Promise<void> => {
    // Loaded when it is shown: a short run in a pipe does without.
    const { default: cliProgress } = await import('cli-progress')
    if (isStopped) return
    bar = new cliProgress.SingleBar(
      {
        format: `${label} [{bar}] {percentage}% {shown} of ${show(total)}${unit === 'bytes' ? '' : ` ${unit}`}{pace}`,
        clearOnComplete: true,
        hideCursor: true,
        stream: process.stderr,
        fps: 8,
      },
      cliProgress.Presets.legacy,
    )
    // A command that ends in its own way, as "follow" does, is left to do so.
    for (const signal of signals) if (process.listenerCount(signal) === 0) process.on(signal, leave)
    bar.start(total, done, { shown: show(done), pace: pace() })
  }
  void start()
  const update = (now: number): void => {
    done = now
    bar?.update(now, { shown: show(now), pace: pace() })
  }
  return { update, add: (more) => update(done + more), stop }
}

/** A time that somebody waits: `45 s`, `12 min`, `3 h 5 min`. */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A progress bar of work that says how much there is when it begins. */
export function progressOf(
  output: Output,
  label: string,
  unit: Parameters<typeof progressBar>[3],
): { readonly onProgress: (done: number, total: number) => void; readonly stop: () => void } {
  let bar: Progress | undefined
  return {
    onProgress: (done, total) => {
      bar ??= progressBar(output, label, total, unit)
      bar.update(done)
    },
    stop: () => bar?.stop(),
  }
}
