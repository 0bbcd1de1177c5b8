import type { JSX } from 'preact'
import { count, visible } from '../../src/core/text.ts'
import { useCase } from './context.ts'
import { type Basket, mostReferences, nameOf, noUnits, type Offered, referencesOf, withItems } from './units.ts'

/** The list of what can be handed over, with a box for each exhibit, and for each item where there are several. */
export function ChooseUnits({
  offers,
  basket,
  choose,
}: {
  offers: readonly Offered[]
  basket: Basket
  choose: (basket: Basket) => void
}): JSX.Element {
  const { told } = useCase()
  const said = told.handOver
  const chosen = [...basket.values()].reduce((sum, { items }) => sum + items.length, 0)
  const all = offers.reduce((sum, { items }) => sum + items.length, 0)
  const everything = (): Basket =>
    offers.reduce((basket, { exhibit, items }) => withItems(basket, exhibit, items), noUnits)
  return (
    <fieldset class="units">
      <legend>{said.what}</legend>
      {all < 2 ? (
        ''
      ) : (
        <Box
          name="units-all"
          isChecked={chosen === all}
          change={(isOn) => choose(isOn ? everything() : noUnits)}
          text={said.all}
        />
      )}
      <ul>
        {offers.map((one) => (
          <li key={one.exhibit.index} data-index={one.exhibit.index}>
            <OneExhibit offered={one} basket={basket} choose={choose} />
          </li>
        ))}
      </ul>
      <p class="chosen-units" aria-live="polite">
        {said.chosen(count(chosen), count(basket.size))}
      </p>
      {referencesOf(basket).length > mostReferences ? (
        <p role="alert" class="notice">
          {said.tooMany(count(mostReferences))}
        </p>
      ) : (
        ''
      )}
    </fieldset>
  )
}

function OneExhibit({
  offered: { exhibit, items },
  basket,
  choose,
}: {
  offered: Offered
  basket: Basket
  choose: (basket: Basket) => void
}): JSX.Element {
  const { told } = useCase()
  const chosen = basket.get(exhibit.index)?.items ?? []
  const isWhole = items.length === exhibit.items.length
  const set = (next: readonly number[]): void => choose(withItems(basket, exhibit, next))
  return (
    <>
      <Box
        name={`unit-${exhibit.index}`}
        isChecked={chosen.length === items.length}
        change={(isOn) => set(isOn ? items : [])}
        text={`${told.number(nameOf(exhibit))}${isWhole ? ` (${told.whole})` : ''}, ${told.facts.entry} ${count(exhibit.index)}, ${told.facts.depositor} ${visible(exhibit.iss)}`}
      />
      {exhibit.items.length < 2 ? (
        ''
      ) : (
        <ul>
          {items.map((item) => (
            <li>
              <Box
                name={`unit-${exhibit.index}-${item}`}
                isChecked={chosen.includes(item)}
                change={(isOn) => set(isOn ? [...chosen, item] : chosen.filter((one) => one !== item))}
                text={told.item(count(item))}
              />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

function Box({
  name,
  isChecked,
  change,
  text,
}: {
  name: string
  isChecked: boolean
  change: (isOn: boolean) => void
  text: string
}): JSX.Element {
  return (
    <label class="check">
      <input
        type="checkbox"
        name={name}
        checked={isChecked}
        onChange={(event) => change(event.currentTarget.checked)}
      />{' '}
      <bdi dir="auto">{text}</bdi>
    </label>
  )
}
