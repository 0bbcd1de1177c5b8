/** How long something is kept: for this browser, or for this tab, over a reload too. */
export type Keeping = 'browser' | 'tab'

const storageOf = (keeping: Keeping): Storage => (keeping === 'tab' ? sessionStorage : localStorage)

/** What the browser keeps for the page; a private window, or one whose storage is full, keeps nothing, and says so by `false`. */
export function keep(name: string, value: string, keeping: Keeping = 'browser'): boolean {
  try {
    storageOf(keeping).setItem(name, value)
    return true
  } catch {
    return false
  }
}

/** What was kept under a name; undefined where nothing was, or nothing can be read. */
export function kept(name: string, keeping: Keeping = 'browser'): string | undefined {
  try {
    return storageOf(keeping).getItem(name) ?? undefined
  } catch {
    return undefined
  }
}

export function forget(name: string, keeping: Keeping = 'browser'): void {
  try {
    storageOf(keeping).removeItem(name)
  } catch {
    // What cannot be read was not kept either.
  }
}
