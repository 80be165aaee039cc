//! What facts are called in messages: DICOM tags for DICOM, keys of the sidecar for BIDS.

/// Both names of one fact.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    dicom: &'static str,
    bids: &'static str,
}

impl Name {
    /// The name that the user finds in the file.
    pub fn of(self, bids: bool) -> &'static str {
        if bids { self.bids } else { self.dicom }
    }
}

const fn name(dicom: &'static str, bids: &'static str) -> Name {
    Name { dicom, bids }
}

pub const UNITS: Name = name("Units (0054,1001)", "Units");
pub const SUV_TYPE: Name = name("SUVType (0054,1006)", "SUVType");
pub const DECAY: Name = name("DecayCorrection (0054,1102)", "ImageDecayCorrected");
pub const CORRECTED: Name = name("CorrectedImage (0028,0051)", "AttenuationCorrection");
pub const WEIGHT: Name = name("PatientWeight (0010,1030)", "BodyWeight");
pub const HEIGHT: Name = name("PatientSize (0010,1020)", "BodyHeight");
pub const SEX: Name = name("PatientSex (0010,0040)", "Sex");
pub const DOSE: Name = name("RadionuclideTotalDose (0018,1074)", "InjectedRadioactivity");
pub const HALF_LIFE: Name = name("RadionuclideHalfLife (0018,1075)", "RadionuclideHalfLife or TracerRadionuclide");
pub const RECORDED_HALF_LIFE: Name = name("RadionuclideHalfLife (0018,1075)", "RadionuclideHalfLife");
pub const TRACER: Name = name("Radiopharmaceutical (0018,0031)", "TracerName");
pub const NUCLIDE: Name = name("RadionuclideCodeSequence (0054,0300)", "TracerRadionuclide");
pub const INJECTION_DATE_TIME: Name = name("RadiopharmaceuticalStartDateTime (0018,1078)", "InjectionStart");
pub const INJECTION_TIME: Name = name("RadiopharmaceuticalStartTime (0018,1072)", "InjectionStart");
pub const SERIES_DATE: Name = name("SeriesDate (0008,0021)", "TimeZero");
pub const SERIES_TIME: Name = name("SeriesTime (0008,0031)", "ImageDecayCorrectionTime");
pub const TIMEZONE: Name = name("TimezoneOffsetFromUTC (0008,0201)", "TimezoneOffsetFromUTC");
pub const GE_SCAN: Name = name("GE scan date and time (0009,100D)", "TimeZero");
pub const SIEMENS_SCAN: Name = name("Siemens decay correction date and time (0071,1022)", "TimeZero");
pub const ACQUISITION_DATE: Name = name("AcquisitionDate (0008,0022)", "ScanStart");
pub const ACQUISITION_TIME: Name = name("AcquisitionTime (0008,0032)", "ScanStart");
pub const ACQUISITION_DATE_TIME: Name = name("AcquisitionDateTime (0008,002A) or (0018,9074)", "AcquisitionDateTime");
pub const DECAY_DATE_TIME: Name = name("DecayCorrectionDateTime (0018,9701)", "ImageDecayCorrectionTime");
pub const FRAME_REFERENCE: Name = name("FrameReferenceTime (0054,1300)", "FrameReferenceTime");
pub const FRAME_DURATION: Name = name("ActualFrameDuration (0018,1242)", "FrameDuration");
pub const SLOPE: Name = name("RescaleSlope (0028,1053)", "scl_slope");
pub const INTERCEPT: Name = name("RescaleIntercept (0028,1052)", "scl_inter");
pub const CALIBRATION: Name = name("DoseCalibrationFactor (0054,1322)", "DoseCalibrationFactor");
