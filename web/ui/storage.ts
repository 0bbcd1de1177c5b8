/** What the browser keeps for the page; a private window, or one whose storage is full, keeps nothing, and says so by `false`. */
export function keep(name: string, value: string): boolean {
  try {
    localStorage.setItem(name, value)
    return true
  } catch {
    return false
  }
}

/** What was kept under a name; undefined where nothing was, or nothing can be read. */
export function kept(name: string): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined
  } catch {
    return undefined
  }
}

export function forget(name: string): void {
  try {
    localStorage.removeItem(name)
  } catch {
    // What cannot be read was not kept either.
  }
}
