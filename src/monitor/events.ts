import type { Finding } from '../verify/report.ts'

/** What a monitor tells (docs/design/monitoring-others.md). */
export type MonitorEvent = AlarmEvent | NoticeEvent

interface Place {
  readonly origin: string
  /** URL, witness or file that it was seen at. */
  readonly where: string
}

/** Something that must not be. */
export type AlarmEvent = Place & { readonly event: 'alarm' } & (
    | {
        readonly what: 'misbehaviour'
        readonly kind: string
        /** The proof, as a file for anybody to check. */
        readonly file: string
        readonly says: readonly string[]
      }
    /** A rule broken, or a checkpoint that the policy does not accept; `file` where so little proves it. */
    | { readonly what: 'fault'; readonly finding: Finding; readonly file?: string }
    /** What was shown does not fit, and nothing at hand proves it. */
    | { readonly what: 'unproven'; readonly finding: Finding; readonly checkpoints: readonly string[] }
  )

/** Something to know. */
export type NoticeEvent = Place & { readonly event: 'notice' } & (
    | { readonly what: 'unreachable'; readonly message: string }
    /** A look ended in the middle: what it would have seen is not known. */
    | { readonly what: 'unfinished'; readonly finding: Finding }
    /** What is watched for was searched up to the entry `after` only; -1: not at all. */
    | { readonly what: 'unsearched'; readonly watched: string; readonly after: number; readonly finding: Finding }
    | { readonly what: 'behind'; readonly size: number; readonly largest: number }
    /** What a newer verifier has to judge. */
    | { readonly what: 'unjudged'; readonly finding: Finding }
    | { readonly what: 'grown'; readonly from: number; readonly to: number }
    | {
        readonly what: 'watch'
        readonly watched: string
        readonly index: number
        readonly kind?: string
        readonly iss?: string
      }
  )

/** Whether somebody who does not sit at the terminal is told: of what must not be, what was watched for, and what could not be watched. */
export function isToBeTold({ event, what }: MonitorEvent): boolean {
  return event === 'alarm' || what === 'watch' || what === 'unfinished' || what === 'unsearched'
}
