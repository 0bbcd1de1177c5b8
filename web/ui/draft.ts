import { forget, keep, kept } from './storage.ts'
import { lose } from './store.ts'

/*
 * What is typed and not used yet. Each window has its own, which a reload does not lose; the last of all windows is kept for a new one. Never
 * a passphrase.
 */

/** Keeps what is typed in a form, under its name. */
export function keepDraft(name: string, text: string): void {
  const isKept = keep(name, text, 'tab')
  if (!keep(name, text) || !isKept) lose()
}

/** What was typed in a form; undefined where nothing was. */
export function draftOf(name: string): string | undefined {
  return kept(name, 'tab') ?? kept(name)
}

/** Forgets what was typed: it has been used. What another window keeps stays. */
export function forgetDraft(name: string): void {
  const own = kept(name, 'tab')
  forget(name, 'tab')
  if (kept(name) === own) forget(name)
}
