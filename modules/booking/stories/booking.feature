# language: de
Funktionalität: Buchen, ohne dass zwei dasselbe zur selben Zeit haben

  Grundlage:
    Angenommen eine Stadt mit dem Paket booking
    Und es ist 2026-11-30 09:00
    Und Hauke hat die Rolle caretaker
    Und Bea hat die Rolle booking_office
    Und Ada ist angemeldet
    Und Emil ist angemeldet
    Und Hauke legt Resource "Halle" an
      | name | Sporthalle |
      | kind | hall       |
    Und Hauke legt Resource "Nord" an
      | name   | Nordhälfte |
      | kind   | part       |
      | partOf | <Halle>    |
    Und Hauke legt Resource "Süd" an
      | name   | Südhälfte |
      | kind   | part      |
      | partOf | <Halle>   |

  # ZM01.2
  Szenario: Zwei Vereine buchen Halle und halbe Halle in derselben Sekunde
    Wenn Ada und Emil gleichzeitig Booking "ganz" und "halb" anlegen
      | resource | <Halle>          | <Nord>           |
      | startsAt | 2026-12-03 17:00 | 2026-12-03 18:00 |
      | endsAt   | 2026-12-03 19:00 | 2026-12-03 20:00 |
    Dann gelingt genau eine
    Und sieht Bea 1 Booking

  Szenario: Wer eine Hälfte hat, lässt die andere frei
    Wenn Ada Booking "nord" anlegt
      | resource | <Nord>           |
      | startsAt | 2026-12-03 17:00 |
      | endsAt   | 2026-12-03 19:00 |
    Und Emil Booking "süd" anlegt
      | resource | <Süd>            |
      | startsAt | 2026-12-03 17:00 |
      | endsAt   | 2026-12-03 19:00 |
    Dann sind "nord" und "süd" held
    Wenn Emil Booking "ganz" anlegt
      | resource | <Halle>          |
      | startsAt | 2026-12-03 18:00 |
      | endsAt   | 2026-12-03 21:00 |
    Dann wird es mit 409 abgelehnt, weil "no_overlap"
    Und ist "Halle" für Emil von 2026-12-03 16:00 bis 2026-12-03 21:00 frei
      | 2026-12-03 16:00 | 2026-12-03 17:00 | 1 |
      | 2026-12-03 19:00 | 2026-12-03 21:00 | 1 |

  Szenario: Was um zehn endet, lässt zehn Uhr frei
    Wenn Ada Booking "erste" anlegt
      | resource | <Nord>           |
      | startsAt | 2026-12-03 09:00 |
      | endsAt   | 2026-12-03 10:00 |
    Und Emil Booking "zweite" anlegt
      | resource | <Nord>           |
      | startsAt | 2026-12-03 10:00 |
      | endsAt   | 2026-12-03 11:00 |
    Dann gelingt es

  Szenario: Eine Vormerkung verfällt, wenn sie niemand bestätigt
    Angenommen Ada legt Booking "b" an
      | resource | <Halle>          |
      | startsAt | 2026-12-10 17:00 |
      | endsAt   | 2026-12-10 19:00 |
    Wenn 3 Tage vergehen
    Dann ist "b" expired
    Und zeigt die Zeitleiste von "b" Ada create, expire
    Wenn Emil Booking "danach" anlegt
      | resource | <Halle>          |
      | startsAt | 2026-12-10 17:00 |
      | endsAt   | 2026-12-10 19:00 |
    Dann gelingt es

  Szenario: Bestätigt, vorbei, und danach ändert sich nichts mehr
    Angenommen Ada legt Booking "b" an
      | resource | <Halle>          |
      | startsAt | 2026-12-01 17:00 |
      | endsAt   | 2026-12-01 19:00 |
      | purpose  | Training         |
    Wenn Ada confirm an "b" ausführt
    Dann wird es mit 403 abgelehnt
    Wenn Hauke confirm an "b" ausführt
    Dann ist "b" confirmed
    Wenn 2 Tage vergehen
    Dann ist "b" over
    Wenn Ada purpose von "b" auf Feier setzt
    Dann wird es abgelehnt
    Wenn Hauke startsAt von "b" auf "2026-12-24T10:00:00Z" setzt
    Dann wird es abgelehnt
    Wenn Ada cancel an "b" ausführt
    Dann wird es mit 409 abgelehnt
    Und ist purpose von "b" Training

  Szenario: Verlegen und absagen
    Angenommen Ada legt Booking "b" an
      | resource | <Halle>          |
      | startsAt | 2026-12-03 17:00 |
      | endsAt   | 2026-12-03 19:00 |
    Und Emil legt Booking "anderes" an
      | resource | <Halle>          |
      | startsAt | 2026-12-04 17:00 |
      | endsAt   | 2026-12-04 19:00 |
    Dann darf Ada an "b" cancel, move
    Wenn Ada move an "b" ausführt
      | startsAt | 2026-12-04 18:00 |
      | endsAt   | 2026-12-04 20:00 |
    Dann wird es mit 409 abgelehnt
    Wenn Ada move an "b" ausführt
      | startsAt | 2026-12-04 19:00 |
      | endsAt   | 2026-12-04 21:00 |
    Dann gelingt es
    Wenn Ada cancel an "b" ausführt
    Dann ist "b" cancelled
    Wenn Emil cancel an "b" ausführt
    Dann wird es abgelehnt

  Szenario: Der Hausmeister sperrt eine Zeit, und schließt die Halle
    Angenommen Hauke legt Booking "Reinigung" an
      | resource | <Halle>          |
      | startsAt | 2026-12-05 08:00 |
      | endsAt   | 2026-12-05 12:00 |
    Wenn Hauke block an "Reinigung" ausführt
    Dann ist "Reinigung" blocked
    Wenn Ada Booking "b" anlegt
      | resource | <Süd>            |
      | startsAt | 2026-12-05 11:00 |
      | endsAt   | 2026-12-05 13:00 |
    Dann wird es mit 409 abgelehnt
    Wenn Hauke close an "Halle" ausführt
    Dann wird es mit 422 abgelehnt, weil "closedBecause"
    Wenn Hauke close an "Halle" ausführt
      | closedBecause | Wasserschaden |
    Dann ist "Halle" closed

  Szenario: Plätze werden gezählt
    Angenommen Hauke legt Resource "Werkstatt" an
      | name   | Werkstatt |
      | kind   | room      |
      | places | 8         |
    Und Ada legt Booking "Gruppe" an
      | resource | <Werkstatt>      |
      | startsAt | 2026-12-03 17:00 |
      | endsAt   | 2026-12-03 19:00 |
      | seats    | 6                |
    Wenn Emil Booking "drei" anlegt
      | resource | <Werkstatt>      |
      | startsAt | 2026-12-03 18:00 |
      | endsAt   | 2026-12-03 20:00 |
      | seats    | 3                |
    Dann wird es mit 409 abgelehnt
    Und ist "Werkstatt" von 2026-12-03 17:00 bis 2026-12-03 20:00 frei
      | 2026-12-03 17:00 | 2026-12-03 19:00 | 2 |
      | 2026-12-03 19:00 | 2026-12-03 20:00 | 8 |
    Wenn Emil Booking "zwei" anlegt
      | resource | <Werkstatt>      |
      | startsAt | 2026-12-03 18:00 |
      | endsAt   | 2026-12-03 20:00 |
      | seats    | 2                |
    Dann gelingt es

  # IM04.2
  Szenario: Eine Reihe, oder zwei Dinge auf einmal: alle oder keines
    Angenommen Emil legt Booking "dazwischen" an
      | resource | <Halle>          |
      | startsAt | 2026-12-17 17:00 |
      | endsAt   | 2026-12-17 19:00 |
    Wenn Ada Booking "erster" und "zweiter" in einem Zug anlegt
      | resource | <Halle>          | <Halle>          |
      | startsAt | 2026-12-10 17:00 | 2026-12-17 18:00 |
      | endsAt   | 2026-12-10 19:00 | 2026-12-17 20:00 |
      | series   | Turnen           | Turnen           |
    Dann wird es mit 409 abgelehnt
    Und sieht Bea 1 Booking
    Wenn Ada Booking "erster" und "zweiter" in einem Zug anlegt
      | resource | <Halle>          | <Halle>          |
      | startsAt | 2026-12-10 17:00 | 2026-12-18 18:00 |
      | endsAt   | 2026-12-10 19:00 | 2026-12-18 20:00 |
      | series   | Turnen           | Turnen           |
    Dann gelingt es
    Wenn Bea confirm an "erster" und "zweiter" ausführt
    Dann sind "erster" und "zweiter" confirmed
    Wenn Ada cancel an "erster", "zweiter" und "dazwischen" ausführt
    Dann wird es abgelehnt
    Und sind "erster" und "zweiter" confirmed

  Szenario: Wer zu spät kommt, wartet, und es geht der Reihe nach
    Angenommen Emil legt Booking "b" an
      | resource | <Halle>          |
      | startsAt | 2026-12-03 17:00 |
      | endsAt   | 2026-12-03 19:00 |
    Wenn Ada WaitingPlace "w1" anlegt
      | resource | <Halle>          |
      | startsAt | 2026-12-03 17:00 |
      | endsAt   | 2026-12-03 19:00 |
    Dann ist number von "w1" W-2026-000001
    Wenn Ada WaitingPlace "w2" anlegt
      | resource | <Halle>          |
      | startsAt | 2026-12-03 17:00 |
      | endsAt   | 2026-12-03 19:00 |
    Dann wird es mit 409 abgelehnt, weil "unique"
    Wenn Emil cancel an "b" ausführt
    Und Hauke offer an "w1" ausführt
    Dann darf Ada an "w1" leave, take
    Wenn 2 Tage vergehen
    Dann ist "w1" left

  Szenario: Jeder sieht, wann frei ist, und niemand, wer es hat
    Angenommen Ada legt Booking "b" an
      | resource | <Halle>          |
      | startsAt | 2026-12-03 17:00 |
      | endsAt   | 2026-12-03 19:00 |
      | purpose  | Selbsthilfe      |
    Dann sieht ein Besucher startsAt von "b"
    Und sieht ein Besucher purpose von "b" nicht
    Und sieht ein Besucher bookedBy von "b" nicht
    Und sieht Emil bookedBy von "b" nicht
    Und sieht Ada purpose von "b"
    Und darf Emil an "b" nichts
    Wenn ein Besucher Booking "fremd" anlegt
      | resource | <Halle>          |
      | startsAt | 2026-12-04 17:00 |
      | endsAt   | 2026-12-04 19:00 |
    Dann wird es mit 401 abgelehnt
    Wenn Ada Booking "für Emil" anlegt
      | resource | <Halle>          |
      | startsAt | 2026-12-04 17:00 |
      | endsAt   | 2026-12-04 19:00 |
      | bookedBy | <Emil>           |
    Dann wird es mit 403 abgelehnt

  # DNO.1
  Szenario: Was am Telefon kam, zählt wie das andere
    Wenn Bea Booking "b" anlegt
      | resource | <Halle>          |
      | startsAt | 2026-12-03 17:00 |
      | endsAt   | 2026-12-03 19:00 |
      | bookedBy | <Ada>            |
      | via      | phone            |
    Dann sieht Ada purpose von "b" nicht
    Und darf Ada an "b" cancel, move

  # ZM01.6
  Szenario: Nach Absturz und Ausfall ist alles wie vorher, und was fällig war, geschieht einmal
    Angenommen Ada legt Booking "b" an
      | resource | <Halle>          |
      | startsAt | 2026-12-01 17:00 |
      | endsAt   | 2026-12-01 19:00 |
    Und Hauke macht confirm an "b"
    Und Ada legt Booking "vergessen" an
      | resource | <Halle>          |
      | startsAt | 2026-12-24 17:00 |
      | endsAt   | 2026-12-24 19:00 |
    Wenn der Server abstürzt
    Dann ist "b" confirmed
    Und ist "vergessen" held
    Wenn der Server 3 Tage aus ist
    Dann ist "b" over
    Und zeigt die Zeitleiste von "b" Ada create, confirm, remind, finish
    Und zeigt die Zeitleiste von "vergessen" Ada create, expire

  Szenariogrundriss: An keiner Tür wird ein Stand einfach gesetzt
    Angenommen Ada legt Booking "b" an
      | resource | <Halle>          |
      | startsAt | 2026-12-03 17:00 |
      | endsAt   | 2026-12-03 19:00 |
    Und Rolf ist Administrator
    Wenn Rolf über <Tür> status von "b" auf confirmed setzt
    Dann wird es abgelehnt
    Und ist "b" held

    Beispiele:
      | Tür          |
      | ngsi-ld      |
      | sensorthings |
      | mqtt         |
