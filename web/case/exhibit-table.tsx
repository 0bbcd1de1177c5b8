import type { JSX } from 'preact'
import { whenTold } from '../../src/told/when.ts'
import { Link, Name } from '../explorer/parts.tsx'
import { useCase } from './context.ts'
import { casesOf, collected, type Exhibit } from './examine.ts'
import { VerdictLight } from './light.tsx'
import { HeldText } from './parts.tsx'
import { nameOf } from './units.ts'

/** The exhibits of a case, each with its light and who holds it. */
export function ExhibitTable({ exhibits }: { exhibits: readonly Exhibit[] }): JSX.Element {
  const { told } = useCase()
  const { facts } = told
  return (
    <table class="exhibits">
      <thead>
        <tr>
          {[facts.exhibit, facts.verdict, facts.description, facts.depositor, facts.holder, facts.time].map((label) => (
            <th scope="col">{label}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {exhibits.map((one) => (
          <tr key={one.index} data-index={one.index}>
            <td>
              <Link to={`/exhibit/${one.index}`}>{told.number(nameOf(one))}</Link>
              {casesOf(one).map((number) => (
                <>
                  <br />
                  <small>
                    <Name text={number} />
                  </small>
                </>
              ))}
            </td>
            <td>
              <VerdictLight light={one.light} />
            </td>
            <td>
              <Name text={collected(one, 'description') ?? ''} />
            </td>
            <td>
              <Name text={one.iss} />
            </td>
            <td>
              <HeldText units={one.custody.units} />
            </td>
            <td>{whenTold(one.time)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
