import { spawnSync } from 'node:child_process'

/** A numbered section of a page of commands. */
export interface CommandSection {
  readonly number: number
  readonly title: string
  /** The text of each ```sh block, in order. */
  readonly blocks: readonly string[]
}

/** The sections of a page, with their commands as a reader runs them. */
export function commandSections(page: string): CommandSection[] {
  const sections: CommandSection[] = []
  for (const text of page.split(/^## /m).slice(1)) {
    const heading = /^(\d+)\. (.*)\n/.exec(text)
    if (heading === null) continue
    const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block as string)
    sections.push({ number: Number(heading[1]), title: heading[2] as string, blocks })
  }
  return sections
}

/** Runs commands in a folder with the machine's own shell; what they said and how they ended. */
export function runShell(
  cwd: string,
  script: string,
  more: Readonly<Record<string, string>> = {},
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr, error } = spawnSync('sh', ['-c', `set -eu\n${script}`], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, LC_ALL: 'C', ...more },
  })
  if (error !== undefined) throw error
  return { code: status, said: `${stdout.toString()}${stderr.toString()}` }
}
