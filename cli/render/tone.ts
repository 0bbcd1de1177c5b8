/*
 * Colour of verdicts. It repeats what the words say and never stands alone: `fault` red, `open` (not judged, not looked at) yellow,
 * `notice` (retracted, compromised) magenta, `good` green. Only on a terminal, and not where NO_COLOR is set or TERM is dumb.
 */

export type Tone = 'good' | 'fault' | 'open' | 'notice'

/** A line of a result whose meaning a colour repeats. */
export interface Toned {
  readonly tone: Tone
  readonly text: string
}

const codes: Readonly<Record<Tone, number>> = { good: 32, fault: 31, open: 33, notice: 35 }

/** A line in a tone. */
export function toned(tone: Tone, text: string): Toned {
  return { tone, text }
}

/** Whether standard output shows colours: a terminal that can, whose user has not asked for none (no-color.org). */
export function showsColour(): boolean {
  const { NO_COLOR = '', TERM = '' } = process.env
  return process.stdout.isTTY && NO_COLOR === '' && TERM !== '' && TERM !== 'dumb'
}

/** Text in the colour of a tone, as a terminal takes it. */
export function coloured(tone: Tone, text: string): string {
  return `\u001b[${codes[tone]}m${text}\u001b[0m`
}
