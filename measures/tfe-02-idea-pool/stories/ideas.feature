# language: de
Funktionalität: Der Ideenpool beider Städte

  Grundlage:
    Angenommen eine Stadt mit dem Paket tfe-02-idea-pool
    Und es ist 2026-11-30 09:00
    Und Ina hat die Rolle idea_office
    Und Gero hat die Rolle decision_body
    Und Exa hat die Rolle idea_expert
    Und Ada ist angemeldet
    Und Emil ist angemeldet
    Und Ada legt Idea "Bank" an
      | title       | Eine Bank am Ruhrufer |
      | description | Zum Sitzen            |
      | topic       | RI                    |

  Szenario: Eine Idee hat eine Nummer und einen Stand, den ihre Urheberin sieht
    Dann ist number von "Bank" I-2026-0001
    Und ist "Bank" submitted
    Und sieht Ada "Bank"
    Und sieht Emil "Bank" nicht
    Und sieht ein Besucher 0 Idea
    Wenn Ina review an "Bank" ausführt
      | responsible | <Ina> |
    Und Ina publish an "Bank" ausführt
    Dann sieht ein Besucher "Bank"
    Und sieht ein Besucher author von "Bank" nicht
    Und sieht Ada responsible von "Bank" nicht
    Und zeigt die Zeitleiste von "Bank" Ada create, review, publish

  Szenario: Fragen und Antworten
    Wenn Ina IdeaQuestion "Wo" anlegt
      | idea | <Bank>            |
      | text | Wo soll sie hin?  |
      | asks | <Ada>             |
    Dann darf Ada an "Wo" answer
    Und darf Emil an "Wo" nichts
    Wenn Ada answer an "Wo" ausführt
    Dann wird es mit 422 abgelehnt, weil "answer"
    Wenn Ada answer an "Wo" ausführt
      | answer | An die Lenne |
    Dann ist "Wo" answered
    Und sieht ein Besucher answer von "Wo"
    Und sieht ein Besucher askedBy von "Wo" nicht

  # TFE02.2
  Szenario: Ähnliche Ideen werden zusammengelegt, und jede Urheberin findet ihre wieder
    Angenommen Emil legt Idea "Sitze" an
      | title       | Mehr Sitze |
      | description | Am Wasser  |
    Und Ina macht review an "Bank"
    Und Ina macht publish an "Bank"
    Und Emil legt IdeaSupport "u1" an
      | idea | <Bank> |
    Wenn Ina merge an "Sitze" ausführt
    Dann wird es mit 422 abgelehnt, weil "mergedInto"
    Wenn Ina merge an "Sitze" ausführt
      | mergedInto | <Bank> |
    Dann ist "Sitze" merged
    Und sieht Emil mergedInto von "Sitze"
    Und sieht Emil 1 Idea mit stage=="merged"

  # TFE02.3
  Szenario: Angenommen wird mit Begründung, und die Kette bis zur Maßnahme reißt nicht
    Angenommen Ina macht review an "Bank"
    Und Ina macht publish an "Bank"
    Wenn Ina accept an "Bank" ausführt
      | decisionReason | weil |
    Dann wird es mit 403 abgelehnt
    Wenn Gero accept an "Bank" ausführt
    Dann wird es mit 422 abgelehnt, weil "decisionReason"
    Wenn Gero accept an "Bank" ausführt
      | decisionReason | Sie fehlt dort |
    Dann ist "Bank" accepted
    Und sieht ein Besucher decisionReason von "Bank"
    Und sieht ein Besucher decidedAt von "Bank"
    Wenn Ina realise an "Bank" ausführt
      | measure | urn:ngsi-ld:Measure:RI-06 |
    Dann ist "Bank" measure
    Und ist measure von "Bank" urn:ngsi-ld:Measure:RI-06
    Wenn Gero reject an "Bank" ausführt
      | decisionReason | doch nicht |
    Dann wird es mit 409 abgelehnt

  # TFE02.3
  Szenario: Abgelehnt wird mit öffentlichem Grund
    Angenommen Ina macht review an "Bank"
    Wenn Gero reject an "Bank" ausführt
      | decisionReason | Hochwassergebiet |
    Dann ist "Bank" rejected
    Und sieht ein Besucher decisionReason von "Bank"
    Und sieht ein Besucher author von "Bank" nicht

  # TFE02.4
  Szenario: Die Verbesserung einer Maßnahme hängt an ihr
    Wenn Emil Idea "Licht" anlegt
      | title       | Licht nur bei Bedarf          |
      | description | Am Radweg                     |
      | improves    | urn:ngsi-ld:Measure:SV-02     |
    Dann sieht Ina 1 Idea mit improves=="urn:ngsi-ld:Measure:SV-02"

  Szenario: Unterstützung zählt je Person einmal
    Angenommen Ina macht review an "Bank"
    Und Ina macht publish an "Bank"
    Wenn Emil IdeaSupport "u1" anlegt
      | idea | <Bank> |
    Und Emil IdeaSupport "u2" anlegt
      | idea | <Bank> |
    Dann wird es mit 409 abgelehnt, weil "unique"
    Wenn Ada IdeaSupport "für Emil" anlegt
      | idea      | <Bank> |
      | supporter | <Emil> |
    Dann wird es mit 403 abgelehnt
    Wenn Ada IdeaSupport "u3" anlegt
      | idea | <Bank> |
    Dann sieht ein Besucher 2 IdeaSupport mit idea==<Bank>
    Und sieht ein Besucher supporter von "u3" nicht
    Wenn Emil withdraw an "u1" ausführt
    Dann sieht ein Besucher 1 IdeaSupport mit idea==<Bank>
    Wenn Emil IdeaSupport "u4" anlegt
      | idea | <Bank> |
    Dann gelingt es

  Szenario: Fachleute bewerten je einmal, und ohne zu wissen, von wem die Idee ist
    Wenn Exa IdeaRating "r" anlegt
      | idea        | <Bank> |
      | benefit     | 4      |
      | feasibility | 5      |
      | fit         | 3      |
    Dann gelingt es
    Wenn Exa IdeaRating "r2" anlegt
      | idea        | <Bank> |
      | benefit     | 6      |
      | feasibility | 5      |
      | fit         | 3      |
    Dann wird es mit 422 abgelehnt, weil "benefit"
    Und sieht Exa author von "Bank" nicht
    Und sieht Ada "r" nicht
    Und sieht Gero "r"

  # TFE02.6
  Szenario: Nach einem Absturz sind Stand und Nummer dieselben, und keine Nummer kommt zweimal
    Wenn der Server abstürzt
    Dann ist number von "Bank" I-2026-0001
    Wenn Emil Idea "zweite" anlegt
      | title       | Noch eine  |
      | description | Ganz andere |
    Dann ist number von "zweite" I-2026-0002
    Und ist "Bank" submitted

  Szenario: Zurückziehen kann nur, von wem sie ist
    Wenn Emil withdraw an "Bank" ausführt
    Dann wird es abgelehnt
    Wenn Ada withdraw an "Bank" ausführt
    Dann ist "Bank" withdrawn
