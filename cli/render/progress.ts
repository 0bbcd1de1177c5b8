import type { SingleBar } from 'cli-progress'
import { bytesText, type Output } from './output.ts'
import { count, visible } from '../../src/core/text.ts'

export interface Progress {
  readonly update: (done: number) => void
  /** Counts on by what was done now. */
  readonly add: (more: number) => void
  /** Names the file that is at hand. */
  readonly of: (name: string) => void
  readonly stop: () => void
}

const silent: Progress = { update: () => {}, add: () => {}, of: () => {}, stop: () => {} }

/** A terminal that can move its cursor; CI machines and editors' consoles have some that cannot. */
function isAble(): boolean {
  const { TERM, CI } = process.env
  return process.stderr.isTTY && TERM !== 'dumb' && TERM !== '' && CI === undefined
}

/** Signals that end a program from outside, and what a shell makes of each: 128 and its number. */
const ending = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
const signals = Object.keys(ending) as (keyof typeof ending)[]

/**
 * A progress bar on a terminal that can show one; nothing in a pipe, with --json, or where there is little to do. How much there is to do
 * may be a question: it is asked where a bar is shown.
 */
export function progressBar(
  output: Output,
  label: string,
  whole: number | (() => number),
  unit: 'bytes' | 'entries' | 'files' | 'tiles',
): Progress {
  if (output.isJson || !isAble()) return silent
  const total = typeof whole === 'number' ? whole : whole()
  if (total === 0) return silent
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
  let name = ''
  const payload = (): object => ({ shown: show(done), pace: pace(), name })
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
        format: `${label} [{bar}] {percentage}% {shown} of ${show(total)}${unit === 'bytes' ? '' : ` ${unit}`}{pace}{name}`,
        clearOnComplete: true,
        hideCursor: true,
        stream: process.stderr,
        fps: 8,
      },
      cliProgress.Presets.legacy,
    )
    // A command that ends in its own way, as "follow" does, is left to do so.
    for (const signal of signals) if (process.listenerCount(signal) === 0) process.on(signal, leave)
    bar.start(total, done, payload())
  }
  void start()
  const update = (now: number): void => {
    done = now
    bar?.update(now, payload())
  }
  const of = (file: string): void => {
    name = ` ${shortName(file)}`
    bar?.update(done, payload())
  }
  return { update, add: (more) => update(done + more), of, stop }
}

/** Columns that a name may take beside a bar. */
const nameColumns = 32

/**
 * A file's name beside a bar: visible as everywhere, and cut in the middle, so that its end stays and it takes 32 columns at most. What is
 * not ASCII counts as two columns, as Chinese text is shown.
 */
export function shortName(name: string): string {
  const characters = Array.from(visible(name))
  if (columnsOf(characters) <= nameColumns) return characters.join('')
  const half = (nameColumns - columnsOf(['…'])) / 2
  return `${within(characters, half).join('')}…${within(characters.toReversed(), half).toReversed().join('')}`
}

/** The first of the characters that fit into columns. */
function within(characters: readonly string[], columns: number): readonly string[] {
  let taken = 0
  const end = characters.findIndex((character) => (taken += columnsOf([character])) > columns)
  return end < 0 ? characters : characters.slice(0, end)
}

function columnsOf(characters: readonly string[]): number {
  return characters.reduce((sum, character) => sum + (character <= '~' ? 1 : 2), 0)
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
