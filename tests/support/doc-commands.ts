import { spawnSync } from 'node:child_process'

/** A numbered section of a page of commands. */
export interface CommandSection {
  readonly number: number
  readonly title: string
  /** The text of each ```sh block, in order, those of the sections that it says are to be done again included. */
  readonly blocks: readonly string[]
}

const again = /Do the second block of section (\d+), and sections (\d+) to (\d+) again/

/** The sections of a page, with their commands as a reader runs them. */
export function commandSections(page: string): CommandSection[] {
  const sections: CommandSection[] = []
  const own = new Map<number, string[]>()
  for (const text of page.split(/^## /m).slice(1)) {
    const heading = /^(\d+)\. (.*)\n/.exec(text)
    if (heading === null) continue
    const number = Number(heading[1])
    const blocks: string[] = []
    const mine: string[] = []
    for (const [whole, block] of text.matchAll(new RegExp(`\`\`\`sh\n([\\s\\S]*?)\`\`\`|${again.source}`, 'g'))) {
      if (block !== undefined) {
        blocks.push(block)
        mine.push(block)
        continue
      }
      const [, second, from, to] = (again.exec(whole) as RegExpExecArray).map(Number) as [
        number,
        number,
        number,
        number,
      ]
      blocks.push(own.get(second)?.[1] as string)
      for (let n = from; n <= to; n++) blocks.push(...(own.get(n) as string[]))
    }
    own.set(number, mine)
    sections.push({ number, title: heading[2] as string, blocks })
  }
  return sections
}

/** Every ```sh block of a page in order, as a reader copies it; those within lists lose the indentation of their list. */
export function shellBlocks(page: string): string[] {
  return [...page.matchAll(/^( *)```sh\n([\s\S]*?)^ *```/gm)].map(([, indentation = '', block]) =>
    (block as string).replace(new RegExp(`^${indentation}`, 'gm'), ''),
  )
}

/** Runs commands in a folder with the machine's own shell; what they said and how they ended. */
export function runShell(cwd: string, script: string): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr, error } = spawnSync('sh', ['-c', `set -eu\n${script}`], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, LC_ALL: 'C' },
  })
  if (error !== undefined) throw error
  return { code: status, said: `${stdout.toString()}${stderr.toString()}` }
}
