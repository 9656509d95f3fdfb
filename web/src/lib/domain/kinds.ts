// What citizens call the things of the city: which entity types belong to which kind, its colour, sign and first value.
import type { Entity } from '#lib/api/types';
import { shortName } from './names';
import { readingsOf, typeOf, type Reading, type Rhythms } from './readings';

export const kindIds = [
  'parking',
  'weather',
  'water',
  'air',
  'soil',
  'indoor',
  'waste',
  'people',
  'traffic',
  'noise',
  'meter',
  'charging',
  'light',
  'access',
  'stop',
  'other'
] as const;

export type KindId = (typeof kindIds)[number];

interface Kind {
  /** White signs on it keep a contrast of at least 4.5 to 1. */
  colour: string;
  /** Strokes on a grid of 24 by 24. */
  sign: string;
  types: string[];
  /** Attributes in the order in which they may stand for the whole object. */
  first: string[];
}

export const kinds: Record<KindId, Kind> = {
  parking: {
    colour: '#1d4f9c',
    sign: 'M8.5 19V5h5a4 4 0 0 1 0 8.5h-5',
    types: ['OffStreetParking', 'OnStreetParking', 'ParkingSpot', 'ParkingGroup'],
    first: ['availableSpotNumber', 'status', 'occupancy']
  },
  weather: {
    colour: '#9a5a00',
    sign: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4',
    types: ['WeatherObserved', 'WeatherForecast', 'WeatherAlert'],
    first: ['temperature', 'precipitation', 'windSpeed']
  },
  water: {
    colour: '#00638a',
    sign: 'M3 8c2-2 4-2 6 0s4 2 6 0 4-2 6 0M3 13c2-2 4-2 6 0s4 2 6 0 4-2 6 0M3 18c2-2 4-2 6 0s4 2 6 0 4-2 6 0',
    types: [
      'WaterObserved',
      'WaterQualityObserved',
      'WaterLevelObserved',
      'RiverWaterLevel',
      'FloodMonitoring',
      'WaterGauge'
    ],
    first: ['waterLevel', 'height', 'level', 'currentLevel', 'fillLevel', 'temperature']
  },
  air: {
    colour: '#4d6b12',
    sign: 'M3 9h11a3 3 0 1 0-3-3M3 13h15a3 3 0 1 1-3 3M3 17h7a2 2 0 1 1-2 2',
    types: ['AirQualityObserved', 'AirQualityMonitoring', 'AirQualityForecast'],
    first: ['airQualityIndex', 'pm10', 'PM10', 'pm25', 'PM25', 'no2', 'NO2', 'o3', 'O3']
  },
  soil: {
    colour: '#7a4a2b',
    sign: 'M12 20v-8M12 12c0-4-3-6-7-6 0 4 3 6 7 6M12 10c0-3 2-5 7-5 0 4-3 6-7 6M6 20h12',
    types: ['GreenspaceRecord', 'AgriParcelRecord', 'SoilObserved', 'SoilMoistureObserved', 'FlowerBed', 'Garden'],
    first: ['soilMoistureVwc', 'soilMoisture', 'soilMoistureVWC', 'soilTemperature']
  },
  indoor: {
    colour: '#6b3fa0',
    sign: 'M4 11l8-7 8 7v9H4zM10 20v-6h4v6',
    types: ['IndoorEnvironmentObserved', 'Room', 'BuildingObserved'],
    first: ['co2', 'CO2', 'temperature', 'relativeHumidity']
  },
  waste: {
    colour: '#3d5a45',
    sign: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
    types: ['WasteContainer', 'WasteContainerIsle'],
    first: ['fillingLevel', 'status', 'temperature']
  },
  people: {
    colour: '#a3256b',
    sign: 'M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M3.5 20c0-4 2-6 5.5-6s5.5 2 5.5 6M16 6a2.5 2.5 0 1 1 0 5M17 14c2.5.3 3.7 2.3 3.7 5.5',
    types: ['CrowdFlowObserved', 'ItemFlowObserved', 'PedestrianFlowObserved', 'PeopleCountObserved'],
    first: ['peopleCount', 'intensity', 'peopleCountIn', 'occupancy']
  },
  traffic: {
    colour: '#a02c1c',
    sign: 'M4 17v-4l2-6h12l2 6v4zM4 13h16M7 17v2M17 17v2M7.5 15h.5M16 15h.5',
    types: ['TrafficFlowObserved', 'BikeLane', 'BikeFlowObserved', 'RoadSegment', 'TrafficViolation'],
    first: ['intensity', 'averageVehicleSpeed', 'occupancy']
  },
  noise: {
    colour: '#8a1f4d',
    sign: 'M4 10v4h4l5 4V6L8 10zM16 9c1.3 1.8 1.3 4.2 0 6M18.5 6.5c3 3.3 3 7.7 0 11',
    types: ['NoiseLevelObserved', 'NoisePollution'],
    first: ['LAeq', 'laeq', 'LAmax', 'soundLevel', 'noiseLevel']
  },
  meter: {
    colour: '#0f5f5c',
    sign: 'M4 16a8 8 0 1 1 16 0M12 16l4-5M4 20h16',
    types: [
      'ACMeasurement',
      'ThreePhaseAcMeasurement',
      'DCMeasurement',
      'WaterConsumptionObserved',
      'EnergyConsumption',
      'EnergyMeter',
      'WaterMeter',
      'SmartMeteringObservation',
      'GasConsumptionObserved',
      'PhotovoltaicMeasurement',
      'ThreePhaseMeasurement',
      'EnergyMonitor'
    ],
    first: [
      'totalActiveEnergyImport',
      'activeEnergyImport',
      'waterConsumption',
      'volume',
      'energy',
      'power',
      'activePower'
    ]
  },
  charging: {
    colour: '#17683a',
    sign: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4',
    types: ['EVChargingStation', 'EVChargingPoint', 'EVChargingRegister'],
    first: ['availableCapacity', 'status', 'capacity']
  },
  light: {
    colour: '#6e5200',
    sign: 'M9 18h6M10 21h4M8.5 14.5a5.5 5.5 0 1 1 7 0c-.7.6-1 1.4-1 2.5h-5c0-1.100-.3-1.900-1-2.500',
    types: ['Streetlight', 'StreetlightGroup', 'StreetlightControlCabinet'],
    first: ['powerState', 'illuminanceLevel', 'illuminance', 'powerConsumption']
  },
  access: {
    colour: '#4f5566',
    sign: 'M6 21V4h12v17M4 21h16M14.500 12v1',
    types: ['DoorObserved', 'Door', 'MotionObserved', 'OccupancyObserved', 'OpeningObserved'],
    first: ['doorState', 'open', 'state', 'motion', 'occupied', 'status', 'openCount', 'openingCount']
  },
  stop: {
    colour: '#00652e',
    sign: 'M7.500 5v14M16.500 5v14M7.500 12h9',
    types: ['PublicTransportStop', 'GtfsStop', 'TransportStation', 'GtfsStation'],
    first: ['arrivalDelay']
  },
  other: {
    colour: '#4a4f63',
    sign: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8',
    types: [],
    first: []
  }
};

/** Types that describe the city or its devices and are no object a citizen looks for. */
const background = new Set([
  'AdministrativeBoundary',
  'AdministrativeArea',
  'Device',
  'DeviceModel',
  'DeviceProfile',
  'MeasuringPoint',
  'Measure',
  'KeyPerformanceIndicator',
  'PublicTransportRoute',
  'GtfsRoute',
  'Sensor',
  'ObservedProperty',
  'Datastream',
  'Location',
  'FeatureOfInterest',
  'HistoricalLocation',
  'Thing',
  'Source',
  'City',
  'Subscription',
  'ContextSourceRegistration'
]);

const kindByType = new Map(kindIds.flatMap((kind) => kinds[kind].types.map((type) => [type, kind] as const)));

/** What a city shows when its server does not say which types it holds. Stops come on demand: there are a thousand. */
export const usualTypes = kindIds.filter((kind) => kind !== 'stop').flatMap((kind) => kinds[kind].types);
export const stopTypes = kinds.stop.types;

export function isShown(type: string): boolean {
  const name = typeOf({ type });
  return !background.has(name) && kindByType.get(name) !== 'stop';
}

export function kindOf(entity: { type: string | string[] }): KindId {
  return kindByType.get(typeOf(entity)) ?? 'other';
}

/** The reading that stands for an object on tile, map and list. */
export function firstReading(entity: Entity, rhythms?: Rhythms): Reading | undefined {
  const readings = readingsOf(entity, rhythms);
  for (const name of kinds[kindOf(entity)].first) {
    const found = readings.find((reading) => shortName(reading.attribute) === name);
    if (found) return found;
  }
  return readings.find((reading) => typeof reading.value === 'number') ?? readings[0];
}
