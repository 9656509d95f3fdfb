// Invented objects, devices and books for the fake server; everything repeats for the same start.
export const cities = [
  {
    id: 'dortmund',
    name: { de: 'Dortmund', en: 'Dortmund' },
    ags: '05913000',
    center: [7.4653, 51.5136],
    bbox: [7.302, 51.416, 7.638, 51.6],
    contact: {
      name: 'Stadt Dortmund',
      address: 'Friedensplatz 1, 44135 Dortmund',
      email: 'smartcity@example.org',
      phone: '+49 231 500',
      url: 'https://www.dortmund.de'
    }
  },
  {
    id: 'schwerte',
    name: { de: 'Schwerte', en: 'Schwerte' },
    ags: '05978032',
    center: [7.5653, 51.4461],
    bbox: [7.497, 51.398, 7.654, 51.486],
    contact: {}
  }
];

let seed = 7;
const random = () => ((seed = (seed * 16807) % 2147483647) - 1) / 2147483646;
const pick = (list) => list[Math.floor(random() * list.length)];
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

function property(value, provenance, minutes, unitCode) {
  return {
    type: 'Property',
    value,
    observedAt: ago(minutes),
    ...(unitCode && { unitCode }),
    provenance: { type: 'Property', value: provenance }
  };
}

function made(type, name, point, interval, attributes, silent = false) {
  const id = `urn:ngsi-ld:${type}:${name.replace(/\W+/g, '-')}`;
  return {
    id,
    type,
    createdAt: ago(9999),
    modifiedAt: ago(1),
    name: { type: 'Property', value: name },
    location: { type: 'GeoProperty', value: { type: 'Point', coordinates: point } },
    address: { type: 'Property', value: { streetAddress: `${name.split(' ')[0]} 1`, addressLocality: 'Dortmund' } },
    expectedInterval: { type: 'Property', value: interval },
    ...attributes,
    ...(silent && { fake_silent: true })
  };
}

const around = ([x, y], reach) => [x + (random() - 0.5) * reach, y + (random() - 0.5) * reach * 0.7];

function cityEntities(center, reach, prefix) {
  const list = [];
  for (const name of [
    'Konzerthaus',
    'Hansaplatz',
    'Stadttheater',
    'Rathaus',
    'Westenhellweg',
    'Thier-Galerie',
    'Hauptbahnhof',
    'Ostwall',
    'Kuhstraße',
    'Alte Post'
  ])
    list.push(
      made(
        'OffStreetParking',
        `${prefix}${name}`,
        around(center, reach * 0.15),
        900,
        {
          totalSpotNumber: { type: 'Property', value: 274 },
          availableSpotNumber: property(Math.round(random() * 270), 'recorded', random() * 12)
        },
        name === 'Kuhstraße'
      )
    );
  for (let index = 1; index <= 4; ++index)
    list.push(
      made('WeatherObserved', `${prefix}Wetterstation ${index}`, around(center, reach), 600, {
        temperature: property(21.4 + random() * 5, 'recorded', 4, 'CEL'),
        relativeHumidity: property(0.61, 'recorded', 4),
        atmosphericPressure: property(1013.2, 'recorded', 4, 'A97'),
        windSpeed: property(3.4, 'recorded', 4, 'MTS'),
        precipitation: property(0, 'recorded', 4, 'MMT')
      })
    );
  for (let index = 1; index <= 3; ++index)
    list.push(
      made('WaterObserved', `${prefix}Pegel Emscher ${index}`, around(center, reach), 900, {
        waterLevel: property(0.74 + random(), 'recorded', 8, 'MTR')
      })
    );
  for (let index = 1; index <= 3; ++index)
    list.push(
      made('AirQualityObserved', `${prefix}Luft Brackeler Straße ${index}`, around(center, reach), 3600, {
        pm10: property(17.2, 'simulated', 20, 'GQ'),
        no2: property(24, 'simulated', 20, 'GQ'),
        temperature: property(20, 'simulated', 20, 'CEL')
      })
    );
  for (let index = 1; index <= 4; ++index)
    list.push(
      made('GreenspaceRecord', `${prefix}Baumscheibe Westpark ${index}`, around(center, reach * 0.5), 3600, {
        soilMoistureVwc: property(0.22, 'simulated', 30),
        soilTemperature: property(16.1, 'simulated', 30, 'CEL')
      })
    );
  for (let index = 1; index <= 4; ++index)
    list.push(
      made(
        'IndoorEnvironmentObserved',
        `${prefix}Gesamtschule, Raum ${index}0${index}`,
        around(center, reach * 0.6),
        600,
        {
          co2: property(640 + index * 80, 'simulated', 6, '59'),
          temperature: property(21.9, 'simulated', 6, 'CEL'),
          relativeHumidity: property(0.44, 'simulated', 6)
        }
      )
    );
  for (let index = 1; index <= 6; ++index)
    list.push(
      made(
        'WasteContainer',
        `${prefix}Glascontainer ${index}`,
        around(center, reach),
        3600,
        { fillingLevel: property(random(), 'simulated', index === 3 ? 460 : 40) },
        index === 3
      )
    );
  for (let index = 1; index <= 3; ++index)
    list.push(
      made('NoiseLevelObserved', `${prefix}Lärm B1 ${index}`, around(center, reach), 600, {
        LAeq: property(63.5, 'simulated', 5, '2N')
      })
    );
  for (let index = 1; index <= 3; ++index)
    list.push(
      made('TrafficFlowObserved', `${prefix}Zählstelle Rheinlanddamm ${index}`, around(center, reach), 900, {
        intensity: property(412, 'simulated', 7),
        averageVehicleSpeed: property(47, 'simulated', 7, 'KMH')
      })
    );
  for (let index = 1; index <= 12; ++index)
    list.push(
      made('ParkingSpot', `${prefix}Stellplatz ${index}`, around(center, reach * 0.1), 3600, {
        status: property(pick(['free', 'occupied']), 'simulated', 14)
      })
    );
  for (let index = 1; index <= 5; ++index)
    list.push(
      made('Streetlight', `${prefix}Leuchte ${index}`, around(center, reach), 3600, {
        powerState: property(pick(['on', 'off']), 'simulated', 14),
        illuminanceLevel: property(0.8, 'simulated', 14)
      })
    );
  list.push(
    made('EVChargingStation', `${prefix}Ladepunkt Friedensplatz`, around(center, reach * 0.3), 3600, {
      availableCapacity: property(2, 'entered', 60)
    })
  );
  list.push(
    made('WeatherForecast', `${prefix}Vorhersage Innenstadt`, around(center, reach * 0.3), 3600, {
      temperature: property(24, 'forecast', 1, 'CEL')
    })
  );
  list.push(
    made('CrowdFlowObserved', `${prefix}Westenhellweg Besuche`, around(center, reach * 0.1), 900, {
      peopleCount: property(318, 'measured', 3)
    })
  );
  return list;
}

export const entities = {
  dortmund: cityEntities(cities[0].center, 0.2, ''),
  schwerte: cityEntities(cities[1].center, 0.08, 'Schwerte ')
};
for (let index = 1; index <= 150; ++index)
  entities.dortmund.push({
    id: `urn:ngsi-ld:PublicTransportStop:${index}`,
    type: 'PublicTransportStop',
    name: { type: 'Property', value: `Haltestelle ${index}` },
    location: { type: 'GeoProperty', value: { type: 'Point', coordinates: around(cities[0].center, 0.2) } }
  });

export function history(entity, query) {
  const name = query.get('attrs');
  const attribute = entity[name];
  const from = Date.parse(query.get('timeAt'));
  const to = Math.min(Date.parse(query.get('endTimeAt')), Date.now());
  const numeric = typeof attribute?.value === 'number';
  const base = numeric ? attribute.value : 0;
  const at = (time) =>
    base *
    (1 +
      0.25 * Math.sin((time / 86_400_000) * 2 * Math.PI - 1.5) +
      0.06 * Math.sin(time / 5_000_000) +
      0.03 * Math.sin(time / 900_000));
  const missing = (time) => {
    const hour = (time / 3_600_000) % 24;
    return hour > 2 && hour < 4.5;
  };
  const step = (entity.expectedInterval?.value ?? 900) * 1000;
  if (query.get('options') === 'aggregatedValues') {
    const length = query.get('aggrPeriodDuration') === 'P1D' ? 86_400_000 : 3_600_000;
    const columns = { type: 'Property', avg: [], min: [], max: [] };
    for (let time = from; time < to; time += length) {
      if (length === 3_600_000 && missing(time)) continue;
      const end = [new Date(time).toISOString(), new Date(time + length).toISOString()];
      const spread = length === 3_600_000 ? 0.06 : 0.3;
      columns.avg.push([at(time), ...end]);
      columns.min.push([at(time) * (1 - spread), ...end]);
      columns.max.push([at(time) * (1 + spread), ...end]);
    }
    return { id: entity.id, type: entity.type, [name]: columns };
  }
  const instances = [];
  for (let time = Math.ceil(from / step) * step; time < to; time += step)
    if (!missing(time))
      instances.push({
        type: 'Property',
        value: numeric ? at(time) : pick(['free', 'occupied']),
        observedAt: new Date(time).toISOString(),
        provenance: attribute?.provenance
      });
  return { id: entity.id, type: entity.type, [name]: instances };
}

export const profiles = [
  {
    id: 'dragino-lse01',
    name: 'Dragino LSE01',
    kind: 'Boden',
    vendor: 'Dragino',
    model: 'LSE01',
    interval_s: 1200,
    attributes: ['soilMoistureVwc', 'soilTemperature', 'conductivity']
  },
  {
    id: 'milesight-am107',
    name: 'Milesight AM107',
    kind: 'Raumklima',
    vendor: 'Milesight',
    model: 'AM107',
    interval_s: 600,
    attributes: ['co2', 'temperature', 'relativeHumidity']
  },
  {
    id: 'dragino-ldds75',
    name: 'Dragino LDDS75',
    kind: 'Abfall',
    vendor: 'Dragino',
    model: 'LDDS75',
    interval_s: 3600,
    attributes: ['fillingLevel']
  },
  {
    id: 'bosch-parking',
    name: 'Bosch Parksensor',
    kind: 'Parken',
    vendor: 'Bosch',
    model: 'TPS110',
    interval_s: 3600,
    attributes: ['status']
  }
];

function cityDevices(city) {
  const kinds = {
    GreenspaceRecord: 'dragino-lse01',
    IndoorEnvironmentObserved: 'milesight-am107',
    WasteContainer: 'dragino-ldds75',
    ParkingSpot: 'bosch-parking'
  };
  return entities[city]
    .filter((entity) => kinds[entity.type])
    .map((entity, index) => {
      const devEui = (0xa84041000181n * 65536n + BigInt(index + (city === 'dortmund' ? 0 : 500)))
        .toString(16)
        .padStart(16, '0')
        .toUpperCase();
      const silent = !!entity.fake_silent;
      return {
        id: devEui,
        devEui,
        name: `${entity.name.value} (Gerät)`,
        profile: kinds[entity.type],
        state: index % 11 === 5 ? 'maintenance' : 'active',
        source: 'chirpstack',
        mounts: [{ measuringPoint: entity.id, from: ago(60 * 24 * 90) }],
        calibration:
          index % 4
            ? []
            : [
                {
                  date: ago(60 * 24 * 80),
                  note: 'Werkskalibrierung',
                  attribute: 'soilMoistureVwc',
                  factor: 1.02,
                  offset: 0
                }
              ],
        health: {
          lastSeen: ago(silent ? 460 : 12),
          battery: 40 + Math.round(random() * 60),
          rssi: -70 - Math.round(random() * 50),
          snr: Math.round(random() * 14 - 5),
          frames: { received: 2100, missed: silent ? 311 : 9, repeated: 4 },
          history: Array.from({ length: 48 }, (_, hour) => ({
            time: ago((48 - hour) * 60),
            rssi: -85 - random() * 20,
            snr: random() * 10
          }))
        },
        uplinks: Array.from({ length: 5 }, (_, hour) => ({
          time: ago(12 + hour * 60),
          port: 2,
          counter: 2100 - hour,
          payload: '0B450BBA02AE0005BB'
        })),
        stale: silent
      };
    });
}

export const devices = { dortmund: cityDevices('dortmund'), schwerte: cityDevices('schwerte') };

export const quarantine = [
  {
    id: 'q1',
    time: ago(9),
    source: 'chirpstack',
    device: 'A84041FFFF112233',
    reason: 'unknown_device',
    detail: 'DevEUI A84041FFFF112233 is not registered',
    payload: { deviceInfo: { devEui: 'A84041FFFF112233' }, fPort: 2, data: 'C0ULugKuAAW7' }
  },
  {
    id: 'q2',
    time: ago(21),
    source: 'chirpstack',
    device: devices.dortmund.find((device) => device.stale)?.id,
    reason: 'codec_failed',
    detail: 'TypeError: bytes[7] is undefined (line 12)',
    payload: { fPort: 2, data: '0B45' }
  },
  {
    id: 'q3',
    time: ago(50),
    source: 'ttn',
    device: devices.dortmund[4].id,
    reason: 'clock_off',
    detail: 'device time 2031-02-01T00:00:00Z is more than one day ahead',
    payload: { f_port: 1, frm_payload: 'AQID' }
  }
];

export const sources = [
  {
    id: 'chirpstack',
    kind: 'chirpstack',
    name: 'LoRaWAN der Stadtwerke',
    state: 'running',
    last_received: ago(1),
    url: '/dortmund/lorawan/chirpstack'
  },
  {
    id: 'ttn',
    kind: 'ttn',
    name: 'The Things Network',
    state: 'running',
    last_received: ago(50),
    url: '/dortmund/lorawan/ttn'
  },
  { id: 'garages', kind: 'replay', name: 'Parkhäuser, Juli 2022', state: 'running', last_received: ago(3) },
  {
    id: 'opendata',
    kind: 'http_pull',
    name: 'Open Data Dortmund',
    state: 'error',
    last_received: ago(4000),
    url: 'https://open-data.dortmund.de/',
    error: 'no route to host'
  }
];

export function ledger(from, source) {
  const start = Date.parse(from);
  const hours = [];
  for (let hour = 0; hour < 24 && start + hour * 3_600_000 < Date.now(); ++hour)
    for (const { id } of sources.slice(0, 3)) {
      if (source && source !== id) continue;
      const received = 200 + ((hour * 37 + id.length * 11) % 90);
      const rejected = id === 'chirpstack' && hour % 5 === 2 ? { unknown_device: 3, codec_failed: 1 } : {};
      const lost = Object.values(rejected).reduce((sum, count) => sum + count, 0);
      hours.push({
        hour: new Date(start + hour * 3_600_000).toISOString(),
        source: id,
        received,
        accepted: received - lost - 2,
        stored: (received - lost - 2) * 3,
        repeated: 2,
        rejected,
        delivered: received * 2
      });
    }
  return hours.reverse();
}
